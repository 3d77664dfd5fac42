"""Calling extensions: shapers in declared order, the first who settles a problem, and every listener on its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pluggy

from ordersync.deprecation import tell
from ordersync.errors import PluginBroken
from ordersync.hookspecs import PROJECT, ExtensionSpecs
from ordersync.model import Decision, Draft, Order, Problem
from ordersync.signatures import deprecated_uses, signature_problems

__all__ = ["Extensions", "Told"]

log = logging.getLogger("ordersync.extensions")


@dataclass(frozen=True)
class Told:
    """What came of telling one listener: `error` is empty if it went well."""

    extension: str
    hook: str
    error: str


class Extensions:
    """The extensions of a route, in declared order. Each has a manager of its own: pluggy would run the last first,
    and never hands one's answer to the next."""

    def __init__(self, named: Sequence[tuple[str, object]]) -> None:
        """`named` are (name, plugin). Raises PluginBroken for a wrong signature, an unknown hook or a wrapper."""
        self._callers: dict[str, list[tuple[str, pluggy.HookCaller]]] = {}
        for name, plugin in named:
            problems = signature_problems(plugin, ExtensionSpecs)
            manager = pluggy.PluginManager(PROJECT)
            manager.add_hookspecs(ExtensionSpecs)
            if not problems:
                manager.register(plugin, name)
                manager.check_pending()
                for caller in manager.get_hookcallers(plugin) or ():
                    if any(impl.wrapper or impl.hookwrapper for impl in caller.get_hookimpls()):
                        problems.append(f"{caller.name}: wrappers are not allowed")
                    self._callers.setdefault(caller.name, []).append((name, caller))
            if problems:
                raise PluginBroken(f"The extension {name!r} breaks the contract: {'; '.join(problems)}.")
            for use in deprecated_uses(type(plugin), ExtensionSpecs):
                tell(name, use)

    def shape_order(self, order: Order) -> Order:
        """Fold the order through every shaper."""
        for name, caller in self._callers.get("shape_order", ()):
            for shaped in self._answers(name, caller, order=order):
                if not isinstance(shaped, Order) or shaped.id != order.id:
                    raise PluginBroken(f"The extension {name!r} must answer the same order or None.")
                order = shaped
        return order

    def shape_draft(self, draft: Draft, order: Order) -> Draft:
        """Fold the draft through every shaper; its key must stay."""
        for name, caller in self._callers.get("shape_draft", ()):
            for shaped in self._answers(name, caller, draft=draft, order=order):
                if not isinstance(shaped, Draft) or shaped.key != draft.key:
                    raise PluginBroken(
                        f"The extension {name!r} must answer a draft with the same key, or None."
                    )
                draft = shaped
        return draft

    def settle_problem(self, order: Order, problem: Problem) -> Decision | None:
        """The first decision in declared order; None if nobody decides."""
        for name, caller in self._callers.get("settle_problem", ()):
            for decision in self._answers(name, caller, order=order, problem=problem):
                if not isinstance(decision, Decision):
                    raise PluginBroken(f"The extension {name!r} must answer a Decision or None.")
                return decision
        return None

    def tell(self, hook: str, **arguments: Any) -> list[Told]:
        """Tell every listener of `hook`, one by one; what one raises is answered, and stops nobody."""
        told = []
        for name, caller in self._callers.get(hook, ()):
            error = ""
            try:
                caller(**arguments)
            except Exception as raised:  # noqa: BLE001 - a stranger's code; it is recorded, and must hurt nobody
                error = type(raised).__name__
                log.warning("the extension %s failed in %s: %s", name, hook, error)
            told.append(Told(name, hook, error))
        return told

    @staticmethod
    def _answers(name: str, caller: pluggy.HookCaller, **arguments: Any) -> list[Any]:
        try:
            answers: list[Any] = caller(**arguments)
        except Exception as raised:
            raise PluginBroken(
                f"The extension {name!r} failed in {caller.name} ({type(raised).__name__}).",
                remedy="Take it out of the route's extensions, or tell its author.",
            ) from raised
        return answers
