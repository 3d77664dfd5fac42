"""The last look at a recording before it is written: is anything in it that is known to be somebody's?"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from ordersync.testing.recording.file import Recording
from ordersync.testing.recording.known import SHORTEST_SECRET, Known, spellings

__all__ = ["leaks_of", "traces_of"]


def leaks_of(recording: Recording, known: Known) -> list[tuple[str, str]]:
    """(place, kind) of everything that still stands there; empty if all is well."""
    whole = recording.text()
    found = []
    for value, kind in sorted(known.sensitive.items()):
        if len(value) < SHORTEST_SECRET or not any(trace in whole for trace in traces_of(value)):
            continue
        places = [
            f"/exchanges/{place}"
            for place, exchange in enumerate(recording.exchanges)
            if any(trace in recording.with_exchanges([exchange]).text() for trace in traces_of(value))
        ]
        found += [(place, kind.value) for place in places]
    return list(dict.fromkeys(found))


def traces_of(value: str) -> Iterator[bytes]:
    """How a value may stand in a file: as it is, escaped for JSON, HTML and addresses, in hex, and in base64 wherever
    it begins within three bytes."""
    for spelling in spellings(value):
        yield spelling.encode()
    raw = value.encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        begin = (0, 2, 3)[before]
        end = len(whole) - (1 if (before + len(raw)) % 3 else 0)
        middle = whole[begin:end]
        if len(middle) >= SHORTEST_SECRET:
            yield middle
            yield middle.translate(bytes.maketrans(b"+/", b"-_"))
