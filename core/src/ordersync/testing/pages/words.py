"""Prose of docstrings as Markdown, with the names of hooks, errors, facts and models made into links."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache

from ordersync import errors, model
from ordersync.hookspecs import ConnectorSpecs, ExtensionSpecs
from ordersync.model import Facts

__all__ = ["hook_names", "item", "linked", "signature"]

_CODE = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"\b[A-Z][A-Za-z]+\b")


def hook_names(specs: type) -> list[str]:
    """The hooks of a specification, in its order."""
    return [name for name in vars(specs) if not name.startswith("_")]


@cache
def _targets() -> dict[str, str]:
    """What a name in code links to."""
    found = {name: f"{{py:meth}}`~ordersync.{name}`" for name in hook_names(ConnectorSpecs)}
    found |= {name: f"{{py:meth}}`~ordersync.{name}`" for name in hook_names(ExtensionSpecs)}
    found |= {name: f"{{py:class}}`~ordersync.{name}`" for name in _classes(model.__all__, model)}
    found |= {name: f"{{py:exc}}`~ordersync.{name}`" for name in _classes(errors.__all__, errors)}
    found |= {
        f"facts.{name}": f"{{py:attr}}`facts.{name} <ordersync.Facts.{name}>`" for name in Facts.model_fields
    }
    return found


def _classes(names: list[str], room: object) -> list[str]:
    return [name for name in names if inspect.isclass(getattr(room, name)) and name != "Frozen"]


def linked(text: str) -> str:
    """The text with links: what stands in backticks and is a known name, and the names of errors wherever they stand."""
    known = _targets()
    raised = {name for name in errors.__all__ if name != "FieldProblem"}
    parts = []
    end = 0
    for code in _CODE.finditer(text):
        parts += [_errors(text[end : code.start()], raised), known.get(code[1], code[0])]
        end = code.end()
    parts.append(_errors(text[end:], raised))
    return "".join(parts)


def _errors(text: str, raised: set[str]) -> str:
    known = _targets()
    text = text.replace("<", "\\<")
    return _WORD.sub(lambda word: known[word[0]] if word[0] in raised else word[0], text)


def item(kind: str, head: str, text: str, *options: str, inside: str = "") -> str:
    """A directive of Sphinx' Python domain: `kind` (`method`, `class` …), its signature, its text, what it contains."""
    fence = ":" * (4 if inside else 3)
    lines = [f"{fence}{{py:{kind}}} {head}", *options, "", linked(inspect.cleandoc(text)).strip(), ""]
    return "\n".join([*lines, inside.strip(), fence, ""] if inside else [*lines, fence, ""])


class _Bare:
    """An annotation that is shown as it is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def signature(function: Callable[..., object], *, without_self: bool = False) -> str:
    """The signature as it is written, without the quotes that postponed annotations have."""
    found = inspect.signature(function)
    parameters = [
        one if one.annotation is one.empty else one.replace(annotation=_Bare(str(one.annotation)))
        for one in list(found.parameters.values())[1 if without_self else 0 :]
    ]
    answer = found.return_annotation
    if answer is not found.empty:
        answer = _Bare(str(answer))
    return str(found.replace(parameters=parameters, return_annotation=answer))
