"""The page of all quirks of all installed sandboxes: `python -m ordersync.testing.quirk_page > docs/quirks.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import metadata

from ordersync.discovery import CONNECTORS, connector_class, sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.testing.quirks import CARRIERS, Carrier, Quirk

__all__ = ["page", "table"]

_HEAD = """\
# Quirks

What goes wrong with commerce platforms and ERPs, as people tell it, and how to have it happen on a sandbox. Each quirk is
switched on by name, and is the same every time:

    ordersync sandbox shopify --quirk lost_response=first:2 --quirk clock_ahead=7
    ordersync sandbox shopify --list-quirks

In Python: `Sandbox(quirks={"lost_response": "first:2", "clock_ahead": "7"})`. What follows the name is `setting:value`,
several joined by commas; a bare value belongs to the first setting. On a sandbox in this process the client's library raises
what it would raise; served on a socket, the connection is really broken.

Quirks that strike requests are *counted*. `on` says which requests count: `writes`, `reads`, `all`, or a pattern such as
`orderCreate`, `sale.order.*` or `POST /admin/*`, several joined by `|`. Of these `first:3` strikes the first three, `at:3` the
third alone, `every:3` every third, `percent:3` three of a hundred by the sandbox's seed.

Each of them is switched on by a test. Under those that every sandbox has, and under Shopify's and Odoo's own, the real transfer
runs: nothing stands twice, nothing is lost, and every total agrees.

This page is made from the sandboxes' own docstrings: `python -m ordersync.testing.quirk_page > docs/quirks.md`
"""


def table(kinds: Iterable[type[Quirk]], *, settings: bool = True) -> str:
    """The quirks as a Markdown table: name, symptom and what it leads to, settings, where it is told."""
    columns = ["quirk", "what happens", *(["settings"] if settings else []), "told"]
    rows = [columns, ["---"] * len(columns)]
    for kind in kinds:
        told = " ".join(f"[{number}]({address})" for number, address in enumerate(kind.told, start=1))
        cells = [f"`{kind.name}`", f"**{kind.symptom()}** {kind.story()}".strip()]
        if settings:
            cells.append("<br>".join(_setting(kind)) or "none")
        rows.append([cell.replace("|", "\\|") for cell in (*cells, told)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _setting(kind: type[Quirk]) -> Iterable[str]:
    counted = issubclass(kind, Carrier)
    for key, setting in kind.settings.items():
        if counted and key in Carrier.COUNTING:
            continue
        default = f" ({setting.default})" if setting.default else ""
        yield f"`{key}`{default}: {setting.means}"
    if issubclass(kind, Carrier):
        usually, on = kind.settings[kind.usually], kind.settings["on"]
        yield f"counted: `{kind.usually}:{usually.default},on:{on.default}`"


def page() -> str:
    """The whole page. A sandbox with no quirks of its own has those of the way only, and no section."""
    parts = [_HEAD, "## Every sandbox\n", table(CARRIERS)]
    for name in sorted({point.name for point in metadata.entry_points(group=CONNECTORS)}):
        try:
            own = sandbox_class(name).own_quirks
            title = connector_class(name).facts.platform or name
        except OrderSyncError:
            continue
        if own:
            parts += [f"## {title}\n", f"`ordersync sandbox {name}` has besides:\n", table(own)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
