"""Record a live exchange without anything secret or personal, and replay it without an account.

    from ordersync.testing.recording import Recorder, Replay, Rules

`python -m ordersync.testing.recording --help` records from a settings file, checks files and reports what was replaced.
"""

from ordersync.testing.recording.file import Answer, Asked, Exchange, Recording, recording_schema
from ordersync.testing.recording.kinds import Kind
from ordersync.testing.recording.recorder import Recorder, record
from ordersync.testing.recording.replay import VOLATILE, NotRecorded, Replay
from ordersync.testing.recording.rules import Rules
from ordersync.testing.recording.scrubber import Scrubber

__all__ = [
    "VOLATILE",
    "Answer",
    "Asked",
    "Exchange",
    "Kind",
    "NotRecorded",
    "Recorder",
    "Recording",
    "Replay",
    "Rules",
    "Scrubber",
    "record",
    "recording_schema",
]
