"""What will go: hooks, their parameters, fields of the model; told to the author of each plugin that uses it, one minor
version ahead.

    @deprecated(since="0.4", removal="0.5", remedy="Implement get_orders instead.")
    @_one
    def old_hook(self, …): …

A parameter: `@deprecated_parameter("page", since=…, removal=…, remedy=…)`. A field of facts or of an answer:
`old: Annotated[int, Deprecated(since=…, removal=…, remedy=…)] = 0`.

pluggy's `warn_on_impl` and `warn_on_impl_args` are not used: their text cannot name the plugin, and they warn anew for
every connection that is made.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

__all__ = [
    "Deprecated",
    "OrderSyncDeprecation",
    "Use",
    "deprecated",
    "deprecated_parameter",
    "fields_used",
    "hooks_used",
    "tell",
]

_MARK = "ordersync_deprecated"
AnyHook = TypeVar("AnyHook", bound=Callable[..., Any])


class OrderSyncDeprecation(DeprecationWarning):
    """A plugin uses what will go. The text names plugin, hook, since when, until when, and what to do."""


@dataclass(frozen=True)
class Deprecated:
    """Something will go with version `removal`."""

    since: str
    """The version of ordersync that said so first."""
    removal: str
    remedy: str
    """What to do instead, a sentence."""


@dataclass(frozen=True)
class Use:
    """A plugin uses what will go."""

    what: str
    """`check_access`, `list_orders(page)`, `Facts.page_size`."""
    deprecated: Deprecated
    file: str = ""
    line: int = 1

    def __str__(self) -> str:
        note = self.deprecated
        return f"{self.what} (deprecated since {note.since}, gone in {note.removal}): {note.remedy}"


def deprecated(*, since: str, removal: str, remedy: str) -> Callable[[AnyHook], AnyHook]:
    """Marks a hook's specification."""
    return _marking("", Deprecated(since, removal, remedy))


def deprecated_parameter(name: str, *, since: str, removal: str, remedy: str) -> Callable[[AnyHook], AnyHook]:
    """Marks a parameter of a hook's specification; whoever takes it is told."""
    return _marking(name, Deprecated(since, removal, remedy))


def _marking(parameter: str, note: Deprecated) -> Callable[[AnyHook], AnyHook]:
    def mark(spec: AnyHook) -> AnyHook:
        if parameter and parameter not in inspect.signature(spec).parameters:
            raise ValueError(f"{spec.__name__} has no parameter {parameter!r}")
        setattr(spec, _MARK, {**getattr(spec, _MARK, {}), parameter: note})
        return spec

    return mark


def hooks_used(plugin: type, specs: type, mark: str) -> Iterator[Use]:
    """What a class implements of what will go. `mark` is the attribute that an implementation carries."""
    for name, spec in vars(specs).items():
        notes: dict[str, Deprecated] = getattr(spec, _MARK, {})
        method = getattr(plugin, name, None)
        if not notes or getattr(method, mark, None) is None:
            continue
        taken = inspect.signature(method).parameters if callable(method) else {}
        code = getattr(inspect.unwrap(method), "__code__", None) if callable(method) else None
        for parameter, note in notes.items():
            if not parameter or parameter in taken:
                what = f"{name}({parameter})" if parameter else name
                yield Use(what, note, code.co_filename if code else "", code.co_firstlineno if code else 1)


def fields_used(value: object) -> list[Use]:
    """Fields of a pydantic model that will go and were given here all the same."""
    kind: Any = type(value)
    notes = _fields(kind)
    given: set[str] = getattr(value, "model_fields_set", set())
    return [Use(f"{type(value).__name__}.{name}", note) for name, note in notes.items() if name in given]


@cache
def _fields(kind: Hashable) -> dict[str, Deprecated]:
    fields: dict[str, Any] = getattr(kind, "model_fields", {})
    return {
        name: note
        for name, field in fields.items()
        for note in field.metadata
        if isinstance(note, Deprecated)
    }


_told: set[tuple[str, str]] = set()
_lock = threading.Lock()


def tell(plugin: str, use: Use, *, file: str = "", again: bool = False) -> None:
    """Warn the author, once in a process for each plugin and use; the warning stands at the plugin's own line.

    `file` is where the plugin is, if the use does not know. `again` is for tests.
    """
    with _lock:
        if (plugin, use.what) in _told and not again:
            return
        _told.add((plugin, use.what))
    warnings.warn_explicit(
        f"The plugin {plugin!r} uses {use}", OrderSyncDeprecation, use.file or file or plugin, use.line
    )
