"""The page of what each installed connector can: `python -m ordersync.testing.platforms > docs/platforms.md`.

Made from what connectors declare (hooks, facts, settings, quality card). No connector is built and nobody is asked, so it
needs neither an account nor a network.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ordersync.connection import Connection, WriteSafety
from ordersync.discovery import connector_class, installed, sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.hookspecs import ConnectorSpecs
from ordersync.model import Facts
from ordersync.settings.schema import connector_schema, secret_fields
from ordersync.testing.markdown import table

__all__ = ["BATCHES", "OF_A_SOURCE", "OF_A_TARGET", "Platform", "page", "platforms", "with_sandbox"]

_HEAD = """\
# Platforms

What each connector can and how far, as it declares it. No account was asked: yours may have its own limits, and the connector
goes by those once it has asked. A dash means that it is not offered, or that nothing is declared.

This page is made from the installed connectors: `python -m ordersync.testing.platforms > docs/platforms.md`
"""
_SAFETY = """\
*Write safety* is what keeps an order that is sent twice from standing twice. `unique key`: the platform itself keeps one order
per key. `searched stamp`: the key is looked for before anything is sent again. `none`: a lost answer parks the order for a person.
"""
_WEBHOOKS = """\
How a delivery is known to be the platform's own, from the connector's quality card.
"""
_SOURCE = """\
Reading is asked of a target too, by `reconcile` and `adopt`.
"""
_BATCHES = """\
The most elements of one call. *All or none*: a batch that is refused made nothing.
"""

_HOOKS = tuple(name for name in vars(ConnectorSpecs) if not name.startswith("_"))
BATCHES = tuple(name for name in _HOOKS if name.removesuffix("s") in _HOOKS and name.endswith("s"))
"""The hooks that ask for many at once what another asks for one."""
OF_A_SOURCE = ("check_access", "list_orders", "get_order", "receive", "subscribe", "unsubscribe")
OF_A_TARGET = (
    "check_access",
    *(name for name in _HOOKS if name not in (*OF_A_SOURCE, *BATCHES)),
)


@dataclass(frozen=True)
class Platform:
    """One connector, as it declares itself."""

    name: str
    """The entry name."""
    facts: Facts
    hooks: frozenset[str]
    write_safety: WriteSafety | None
    """None: it creates no orders."""
    webhook_signature: str
    """Empty: deliveries are received, and the quality card does not say how they are verified."""
    api_version: str
    """Empty if none is declared."""
    required: tuple[str, ...]
    """Settings without a default."""
    secret: tuple[str, ...]
    """Settings whose value is a secret."""

    @property
    def title(self) -> str:
        """The platform's name for people."""
        return self.facts.platform or self.name

    @property
    def is_source(self) -> bool:
        """Whether orders can be read from it."""
        return "list_orders" in self.hooks

    @property
    def is_target(self) -> bool:
        """Whether orders can be created there."""
        return bool({"create_order", "create_orders"} & self.hooks)


def with_sandbox(*hooks: str) -> list[str]:
    """The entry names of the installed connectors that bring a sandbox and offer one of these hooks."""
    found = []
    for plugin in installed("ordersync.connectors"):
        if plugin.problem or not set(hooks) & set(plugin.hooks):
            continue
        try:
            sandbox_class(plugin.name)
        except OrderSyncError:
            continue
        found.append(plugin.name)
    return sorted(found)


def platforms() -> list[Platform]:
    """Every connector that is installed and can be used, by its entry name. Raises PluginBroken for a wrong hook."""
    return [_declared(plugin.name) for plugin in installed() if not plugin.problem]


def _declared(name: str) -> Platform:
    kind: Any = connector_class(name)
    connection = Connection(name, name, object.__new__(kind))
    schema = connector_schema(kind.settings_model)
    settings: Mapping[str, Any] = schema.get("properties", {})
    target = {"create_order", "create_orders"} & connection.offers
    return Platform(
        name=name,
        facts=connection.facts,
        hooks=connection.offers,
        write_safety=connection.write_safety if target else None,
        webhook_signature=_signature(connection.offers, _quality_card(kind)),
        api_version=_api_version(connection.facts, settings),
        required=tuple(schema.get("required", ())),
        secret=tuple(key for key in settings if key in secret_fields(schema)),
    )


def _quality_card(kind: type) -> Mapping[str, Any]:
    """`quality.toml`, beside the package or at the root of its source tree; empty if it is not installed with it."""
    told = getattr(sys.modules[kind.__module__.partition(".")[0]], "__file__", None)
    if told is None:
        return {}
    package = Path(told).parent
    for place in (package, package.parents[1]):
        if (place / "quality.toml").is_file():
            return tomllib.loads((place / "quality.toml").read_text("utf-8"))
    return {}


def _signature(hooks: Iterable[str], card: Mapping[str, Any]) -> str:
    if "receive" in hooks:
        return str(card.get("facts", {}).get("webhook_signature", ""))
    rule = card.get("rules", {}).get("webhooks_verified", {})
    why = rule.get("reason", "") if isinstance(rule, Mapping) else ""
    return f"Receives none. {why}".strip()


def _api_version(facts: Facts, settings: Mapping[str, Any]) -> str:
    """What the facts say, else the default of the setting that chooses it."""
    for name in ("api_version", "version"):
        if name in settings:
            return f"{facts.api_version or settings[name].get('default', '')} (setting `{name}`)".strip()
    return facts.api_version or ""


def _yes(answer: bool) -> str:
    return "yes" if answer else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _batch(one: Platform, hook: str) -> str:
    if hook not in one.hooks:
        return ""
    size = one.facts.batch_sizes.get(hook, one.facts.page_size)
    return f"{size}, all or none" if hook in one.facts.atomic_batches else str(size)


def _by_hook(found: list[Platform], hooks: Iterable[str], cell: Callable[[Platform, str], str]) -> str:
    return table(
        ["hook", *(one.title for one in found)],
        [[f"`{hook}`", *(cell(one, hook) for one in found)] for hook in hooks],
    )


def page() -> str:
    """The whole page."""
    found = platforms()
    glance = [
        [
            one.title,
            f"`{one.name}`",
            _yes(one.is_source),
            _yes(one.is_target),
            one.write_safety or "",
            str(one.facts.concurrency),
            one.facts.rate or "",
            one.api_version,
            one.facts.api_retires.isoformat() if one.facts.api_retires else "",
        ]
        for one in found
    ]
    columns = ["platform", "entry name", "source", "target", "write safety", "calls at once", "rate rule"]
    parts = [
        _HEAD,
        "## How far\n",
        table([*columns, "API version", "retired on"], glance),
        _SAFETY,
        "## Webhooks\n",
        _WEBHOOKS,
        table(["platform", "signature"], [[one.title, one.webhook_signature] for one in found]),
        "## Hooks of a source\n",
        _SOURCE,
        _by_hook(found, OF_A_SOURCE, lambda one, hook: _yes(hook in one.hooks)),
        "## Hooks of a target\n",
        _by_hook(found, OF_A_TARGET, lambda one, hook: _yes(hook in one.hooks)),
        "## Batches\n",
        _BATCHES,
        _by_hook(found, BATCHES, _batch),
        "## Settings\n",
        "All settings of a connector: `ordersync connectors NAME`.\n",
        table(
            ["platform", "required", "secret"],
            [[one.title, _listed(one.required), _listed(one.secret)] for one in found],
        ),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
