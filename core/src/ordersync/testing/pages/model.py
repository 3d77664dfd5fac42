"""The words that connectors share: every class of the model with its fields, every type with what it means."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
from itertools import pairwise
from typing import Any

from ordersync import model
from ordersync.testing.pages.described import REQUIRED, described, members, shown
from ordersync.testing.pages.words import item, signature

__all__ = ["class_entry", "part"]

_ROOMS = {
    "orders": "Orders",
    "parties": "Customers and addresses",
    "statuses": "Statuses",
    "drafts": "Drafts",
    "refs": "Names and keys",
    "answers": "What hooks are asked and answer",
    "routes": "Routes",
    "money": "Money",
    "frozen": "Frozen",
}
"""Rooms of the model and their headings; facts have a page of their own."""
_NOT_AT_THE_DOOR = {"orders": ["UtcTime"], "frozen": ["Extra"], "money": ["Rate"]}


def part() -> str:
    """All of it, room by room."""
    return "\n".join(f"## {title}\n\n{_room(name)}" for name, title in _ROOMS.items())


def _room(name: str) -> str:
    room = importlib.import_module(f"ordersync.model.{name}")
    text = inspect.cleandoc(room.__doc__ or "").partition("\n\n")[2]
    names = [each for each in room.__all__ if each in model.__all__] + _NOT_AT_THE_DOOR.get(name, [])
    texts = _texts(room)
    parts = [text] if text else []
    for each in dict.fromkeys(names):
        thing: Any = getattr(room, each)
        if inspect.isclass(thing):
            parts.append(class_entry(thing))
        elif inspect.isfunction(thing):
            parts.append(item("function", f"{each}{signature(thing)}", thing.__doc__ or ""))
        elif each == "ZERO":
            parts.append(item("data", each, "Zero, exactly.", ":type: Decimal"))
        else:
            parts.append(item("type", each, texts.get(each, "")))
    return "\n\n".join(parts) + "\n"


def class_entry(kind: type, title: str = "", text: str = "") -> str:
    """One class with everything in it."""
    text = text or kind.__doc__ or ""
    if issubclass(kind, enum.Enum):
        inside = "\n".join(f"- `{value}`{f': {told}' if told else ''}" for value, told in members(kind))
        return item("class", title or kind.__name__, f"{_own(kind, text)}\n\n{inside}".strip())
    fields = [
        item(
            "attribute",
            one.name,
            one.text,
            f":type: {one.annotation}",
            *([] if one.default is REQUIRED else [f":value: {shown(one.default)}"]),
        )
        for one in described(kind)
    ]
    fields += [
        item("property", name, value.fget.__doc__ or "", f":type: {_returned(value.fget)}")
        for name, value in vars(kind).items()
        if isinstance(value, property) and not name.startswith("_")
    ]
    fields += [
        item("method", f"{name}{signature(getattr(kind, name))}", value.__doc__ or "", *_how(value))
        for name, value in vars(kind).items()
        if inspect.isfunction(getattr(value, "__func__", value)) and not name.startswith(("_", "model_"))
    ]
    return item("class", title or kind.__name__, text, inside="\n".join(fields) or "It has no fields.")


def _own(kind: type, text: str) -> str:
    return "" if text == getattr(kind.__mro__[1], "__doc__", None) else inspect.cleandoc(text)


def _returned(function: Any) -> str:
    return str(inspect.signature(function).return_annotation)


def _how(value: object) -> list[str]:
    return [":classmethod:"] if isinstance(value, classmethod) else []


def _texts(room: Any) -> dict[str, str]:
    """The texts behind the assignments of a module."""
    body = ast.parse(inspect.getsource(room)).body
    found = {}
    for node, behind in pairwise(body):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(behind, ast.Expr)
            and isinstance(behind.value, ast.Constant)
        ):
            found[node.targets[0].id] = str(behind.value.value)
    return found
