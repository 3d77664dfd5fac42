"""Whether the hooks of a plugin can be called as they are specified, and which of them will go."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Hashable
from functools import cache
from typing import Any

from ordersync.deprecation import Use, hooks_used
from ordersync.hookspecs import PROJECT, ConnectorSpecs

__all__ = ["class_problems", "deprecated_uses", "signature_problems"]

_MARK = f"{PROJECT}_impl"


def signature_problems(plugin: object, specs: type = ConnectorSpecs) -> list[str]:
    """What is wrong with the signatures of a plugin's hooks, one sentence each; empty if nothing is.

    Parameters must be a subset of the specification's, positional-or-keyword, without defaults, annotated the same.
    pluggy would accept keyword-only or misspelt-with-default ones and fail at the first call, or never.
    """
    kind: Any = type(plugin)
    return list(class_problems(kind, specs))


def deprecated_uses(plugin: type, specs: type = ConnectorSpecs) -> list[Use]:
    """The hooks and parameters that a class implements though they will go."""
    return list(hooks_used(plugin, specs, _MARK))


@cache
def class_problems(plugin: Hashable, specs: type) -> tuple[str, ...]:
    """`signature_problems` of a class; asked once for each."""
    problems = []
    for name in dir(plugin):
        method = getattr(plugin, name, None)
        if getattr(method, _MARK, None) is None:
            continue
        spec = getattr(specs, name, None)
        if spec is None:
            problems.append(f"{name}: there is no such hook")
            continue
        try:
            wanted = typing.get_type_hints(spec)
            given = typing.get_type_hints(method)
        except NameError as error:
            problems.append(f"{name}: its annotations cannot be read ({error}); import them at run time")
            continue
        for parameter in list(inspect.signature(typing.cast(Any, method)).parameters.values())[1:]:
            if parameter.name not in inspect.signature(spec).parameters:
                problems.append(f"{name}: there is no parameter {parameter.name!r}")
            elif parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
                problems.append(f"{name}: {parameter.name!r} must be positional-or-keyword")
            elif parameter.default is not parameter.empty:
                problems.append(f"{name}: {parameter.name!r} must not have a default")
            elif given.get(parameter.name) != wanted.get(parameter.name):
                problems.append(f"{name}: {parameter.name!r} must be annotated {wanted[parameter.name]}")
    return tuple(problems)
