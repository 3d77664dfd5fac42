"""Whether a request is a recorded one, and if not, how the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ordersync.testing.recording.file import Asked
from ordersync.testing.recording.kinds import name_words
from ordersync.web import dump

__all__ = ["Difference", "differences", "leaves"]

_NOWHERE = object()


@dataclass(frozen=True)
class Difference:
    """One place where a request is not what was recorded. `scrubbed`: the recording holds a stand-in there."""

    place: str
    said: str
    scrubbed: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.said}"


def differences(recorded: Asked, asked: Asked, volatile: frozenset[str] = frozenset()) -> list[Difference]:
    """Every difference in method, path, query and body; those at scrubbed places are marked and show no value.

    The order of queries, forms and names in objects does not matter. `volatile` are names (of parameters or fields)
    whose values are not compared.
    """
    scrubbed = frozenset(recorded.scrubbed)
    found = []
    if recorded.method != asked.method:
        found.append(Difference("method", f"recorded {recorded.method}, asked {asked.method}"))
    if recorded.path != asked.path:
        hidden = "path" in scrubbed and recorded.path.count("/") == asked.path.count("/")
        said = "scrubbed in the recording" if hidden else f"recorded {recorded.path}, asked {asked.path}"
        found.append(Difference("path", said, hidden))
    skipped = frozenset("".join(name_words(name)) for name in volatile)
    before = {**_pairs("query:", recorded.query), **leaves(recorded.body)}
    after = {**_pairs("query:", asked.query), **leaves(asked.body)}
    for place in [*before, *(place for place in after if place not in before)]:
        one, other = before.get(place, _NOWHERE), after.get(place, _NOWHERE)
        name = place.rpartition("/")[2].rpartition(":")[2].partition("#")[0]
        if _same(one, other) or "".join(name_words(name)) in skipped:
            continue
        hidden = _covers(scrubbed, place) and _alike(one, other)
        found.append(Difference(place, _told(one, other, hidden=hidden), hidden))
    return found


def leaves(body: Mapping[str, Any]) -> dict[str, Any]:
    """Pointer → value of everything in a body."""
    if "json" in body:
        return {f"body:{place}": value for place, value in _leaves(body["json"], "")}
    if "form" in body:
        return _pairs("body:/", body["form"])
    return {"body:": body.get("text", body.get("removed"))} if body else {}


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from _leaves(part, f"{place}/{step}")
    elif isinstance(value, list) and value:
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}/{number}")
    else:
        yield place, value


def _pairs(prefix: str, pairs: Sequence[Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sorted((name, value) for name, value in pairs):
        again = sum(1 for place in found if place.partition("#")[0] == f"{prefix}{name}")
        found[f"{prefix}{name}#{again + 1}" if again else f"{prefix}{name}"] = value
    return found


def _covers(scrubbed: frozenset[str], place: str) -> bool:
    """Whether the place, or something around it, was scrubbed."""
    bare = place.partition("#")[0]
    if bare in scrubbed or ("body:" in scrubbed and bare.startswith("body:")):
        return True
    return any(bare.startswith(f"{one}/") for one in scrubbed)


def _same(one: Any, other: Any) -> bool:
    """1 and 1.0 are one number; 1 and true are not one value, nor are a number and its text."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _alike(one: Any, other: Any) -> bool:
    """Whether both are there and of one type."""
    return (isinstance(one, str) and isinstance(other, str)) or type(one) is type(other)


def _told(one: Any, other: Any, *, hidden: bool) -> str:
    if hidden:
        return "scrubbed in the recording"
    if one is _NOWHERE:
        return "not in the recording"
    if other is _NOWHERE:
        return f"recorded {_shown(one)}, not asked"
    return f"recorded {_shown(one)}, asked {_shown(other)}"


def _shown(value: Any) -> str:
    text = dump(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."
