"""The state machine of an order on a route: every state, and every step between two."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["STEPS", "State"]


class State(StrEnum):
    SEEN = "seen"
    """Read from the source; nothing was sent."""
    SENDING = "sending"
    """The intent is recorded; a write may have left."""
    IN_DOUBT = "in_doubt"
    """A write left and no answer is known."""
    DONE = "done"
    """It stands on the target, whole, and its totals agree."""
    PARKED = "parked"
    """It waits for a person or for a fact to change."""
    SKIPPED = "skipped"
    """The route does not take it."""


STEPS: dict[tuple[State, State], str] = {
    (State.SEEN, State.SENDING): "the intent is recorded, then the create leaves",
    (State.SEEN, State.PARKED): "it cannot be sent as it is",
    (State.SEEN, State.SKIPPED): "the filters do not take it",
    (State.SEEN, State.DONE): "it was found on the target by its key, or adopted",
    (State.SENDING, State.SEEN): "the platform said that nothing was done",
    (State.SENDING, State.DONE): "created, complete, totals agree",
    (State.SENDING, State.PARKED): "refused, or created with totals that differ",
    (State.SENDING, State.IN_DOUBT): "the answer was lost, or the worker died",
    (State.IN_DOUBT, State.SENDING): "found incomplete and gone on with, or surely absent and sent again",
    (State.IN_DOUBT, State.DONE): "found whole",
    (State.IN_DOUBT, State.PARKED): "found with totals that differ, or it cannot be looked for",
    (
        State.PARKED,
        State.SEEN,
    ): "retried: by a person, a changed order, changed settings, or a cause that is gone",
    (State.PARKED, State.SENDING): "it stands on the target already; a person had it retried",
    (State.DONE, State.PARKED): "a twin of it was made by a worker that had stood still for too long",
    (State.DONE, State.SEEN): "it stands on the target no longer, seen twice, and a person wants it again",
    (State.SKIPPED, State.SEEN): "the order or the settings changed",
}
"""(from, to) → when. The ledger refuses any other step."""
