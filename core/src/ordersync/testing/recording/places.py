"""Where something was replaced: counted for a report by kind and place, and pointed at for the replay, which cannot
compare there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ordersync.testing.recording.bodies import Body
from ordersync.testing.recording.kinds import Kind

__all__ = ["Places", "changed_in"]


class Places:
    """Counts what was replaced in one part (`query`, `body`) of one side (`request`, `response`)."""

    def __init__(self, part: str, side: str, counts: Counter[tuple[str, str]]) -> None:
        self._place, self._counts = f"{side} {part}:/", counts

    def replaced(self, kind: Kind, path: Sequence[str]) -> None:
        """A value of this kind stood at this path of names; positions in lists begin with #."""
        shown = "/".join("*" if step.startswith("#") else step for step in path)
        self._counts[kind.value, f"{self._place}{shown}"] += 1


def changed_in(before: Body, after: Body) -> list[str]:
    """Pointers to what differs between a body and its scrubbed self: `body:/customer/email`, `body:` for a whole text."""
    if "json" in before:
        return [f"body:{place}" for place in _changed(before["json"], after.get("json"), "")]
    if "form" in before:
        pairs = zip(before["form"], after["form"], strict=True)
        return list(dict.fromkeys(f"body:/{new[0]}" for old, new in pairs if list(old) != list(new)))
    return [] if before == after else ["body:"]


def _changed(before: Any, after: Any, place: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        for name in before:
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from _changed(before[name], after[name], f"{place}/{step}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, part in enumerate(before):
            yield from _changed(part, after[number], f"{place}/{number}")
    elif before != after:
        yield place
