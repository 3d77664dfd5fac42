"""What the source says of a class: its fields, their annotations as they are written, and the text behind each."""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

__all__ = ["REQUIRED", "Described", "described", "members", "shown", "texts_of"]


REQUIRED: Any = object()


@dataclass(frozen=True)
class Described:
    """One field of a class."""

    name: str
    annotation: str
    """As it stands in the source: `tuple[DraftLine, ...]`."""
    default: Any
    """`REQUIRED` if a value must be given."""
    text: str
    """The text that stands behind it, or its `description`."""


@cache
def texts_of(kind: type) -> dict[str, tuple[str, str]]:
    """Name → (annotation, text) of what a class body assigns, in its order; the text is a string right behind it."""
    body = _class_body(kind)
    found: dict[str, tuple[str, str]] = {}
    for position, node in enumerate(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, annotation = node.target.id, ast.unparse(_Plain().visit(node.annotation))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, annotation = node.targets[0].id, ""
        else:
            continue
        behind = body[position + 1] if position + 1 < len(body) else None
        text = ""
        if (
            isinstance(behind, ast.Expr)
            and isinstance(behind.value, ast.Constant)
            and isinstance(behind.value.value, str)
        ):
            text = inspect.cleandoc(behind.value.value)
        found[name] = (annotation, text)
    return found


class _Plain(ast.NodeTransformer):
    """`Annotated[str, …]` is `str` to a reader."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if (
            isinstance(node.value, ast.Name)
            and node.value.id == "Annotated"
            and isinstance(node.slice, ast.Tuple)
        ):
            return node.slice.elts[0]
        return self.generic_visit(node)


def _class_body(kind: type) -> list[ast.stmt]:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(node, ast.ClassDef)
    return node.body


def shown(value: Any) -> str:
    """A default as Python writes it, the same each time."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, frozenset | set):
        inner = ", ".join(sorted(map(shown, value)))
        return f"{type(value).__name__}({{{inner}}})" if value else f"{type(value).__name__}()"
    if isinstance(value, BaseModel):
        return f"{type(value).__name__}()"
    return repr(value).removeprefix("datetime.")


def described(kind: type) -> list[Described]:
    """The fields of a pydantic model or a dataclass, those of its bases included."""
    texts: dict[str, tuple[str, str]] = {}
    for base in reversed(kind.__mro__):
        if base not in (object, BaseModel) and base.__module__.startswith("ordersync"):
            texts |= texts_of(base)
    found = []
    for name, (default, description) in _declared(kind).items():
        annotation, text = texts.get(name, ("", ""))
        found.append(Described(name, annotation, default, text or description))
    return found


def _declared(kind: type) -> dict[str, tuple[Any, str]]:
    if issubclass(kind, BaseModel):
        return {
            field.alias or name: (
                REQUIRED if field.is_required() else field.get_default(call_default_factory=True),
                field.description or "",
            )
            for name, field in kind.model_fields.items()
        }
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    return {field.name: (_dataclass_default(field), "") for field in fields}


def _dataclass_default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return REQUIRED if field.default_factory is dataclasses.MISSING else field.default_factory()


def members(kind: type[enum.Enum]) -> list[tuple[str, str]]:
    """(value, text) of each member."""
    texts = texts_of(kind)
    return [(str(member.value), texts.get(member.name, ("", ""))[1]) for member in kind]
