"""A sandbox's state in a file: JSON, with tags for what JSON has no word for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ordersync.errors import BadInput

__all__ = ["decoded", "encoded", "load_state", "save_state"]

FORMAT = 1


def encoded(value: Any) -> Any:
    """`value` in JSON's types. Raises TypeError for what has no tag."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"$decimal": str(value)}
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case timedelta():
            return {"$timedelta": [value.days, value.seconds, value.microseconds]}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case list():
            return [encoded(element) for element in value]
        case tuple():
            return {"$tuple": [encoded(element) for element in value]}
        case frozenset():
            return {"$frozenset": [encoded(element) for element in sorted(value, key=repr)]}
        case set():
            return {"$set": [encoded(element) for element in sorted(value, key=repr)]}
        case dict():
            if all(isinstance(key, str) and not key.startswith("$") for key in value):
                return {key: encoded(element) for key, element in value.items()}
            return {"$dict": [[encoded(key), encoded(element)] for key, element in value.items()]}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be kept in a state file")


_TAGS: dict[str, Callable[[Any], Any]] = {
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$timedelta": lambda parts: timedelta(*parts),
    "$bytes": base64.b64decode,
    "$tuple": lambda elements: tuple(decoded(element) for element in elements),
    "$frozenset": lambda elements: frozenset(decoded(element) for element in elements),
    "$set": lambda elements: {decoded(element) for element in elements},
    "$dict": lambda pairs: {decoded(key): decoded(element) for key, element in pairs},
}


def decoded(value: Any) -> Any:
    """What `encoded` was given."""
    if isinstance(value, list):
        return [decoded(element) for element in value]
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key in _TAGS:
                return _TAGS[key](inner)
        return {key: decoded(element) for key, element in value.items()}
    return value


def save_state(path: Path, platform: str, seed: int, state: Any) -> None:
    """Write the file as a whole or not at all."""
    text = json.dumps({"format": FORMAT, "platform": platform, "seed": seed, "state": encoded(state)})
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def load_state(path: Path, platform: str) -> tuple[int, Any]:
    """(seed, state) of a platform's file. Raises BadInput if it is none, or another platform's."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise ValueError("another format")
        seed, state, kept = int(data["seed"]), decoded(data["state"]), str(data["platform"])
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise BadInput(
            f"{path} is not a sandbox's state file ({type(error).__name__}).",
            remedy="Remove it to start anew.",
        ) from None
    if kept != platform:
        raise BadInput(
            f"{path} is the state of a {kept!r} sandbox, not of {platform!r}.", remedy="Name another file."
        )
    return seed, state
