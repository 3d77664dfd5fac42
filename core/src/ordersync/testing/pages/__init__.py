"""The parts of the documentation that are made from the code when the pages are built, so that they cannot drift.

    python -m ordersync.testing.pages hooks

prints one of them: Markdown with the directives of MyST-Parser, which `docs/conf.py` puts where a page says
`<!-- from code: hooks -->`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ordersync.testing.pages import commands, errors, facts, hooks, model, settings

__all__ = ["PARTS", "part"]

PARTS: Mapping[str, Callable[[], str]] = {
    "hooks": hooks.connector_part,
    "extension hooks": hooks.extension_part,
    "errors": errors.part,
    "statuses": errors.statuses_part,
    "model": model.part,
    "facts": facts.part,
    "settings": settings.core_part,
    "connector settings": settings.connectors_part,
    "commands": commands.part,
}
"""Name → what makes it."""


def part(name: str) -> str:
    """One part as Markdown. Raises KeyError for a name that is none."""
    return f"```{{py:currentmodule}} ordersync\n```\n\n{PARTS[name]()}"
