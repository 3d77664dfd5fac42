"""What asking through a connection costs, beside calling the connector directly."""

from __future__ import annotations

import timeit
from collections.abc import Callable

from bench.measuring import Case, How, Outcome, Table, middle
from ordersync.connection import Connection
from ordersync.model import Stock
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings
from ordersync.web import Access

__all__ = ["HOOKS"]

CALLS, QUICK_CALLS, REPEATS = 50_000, 5_000, 7


def called(how: How) -> Outcome:
    """Two hooks whose answers cost next to nothing, both ways, in turns."""
    calls = QUICK_CALLS if how.quick else CALLS
    connector = ReferenceConnector(ReferenceSettings(store="bench-hooks", any_sku=True), Access())
    connection = Connection("bench", "reference", connector)
    item = connector.resolve_sku("SKU")
    assert item is not None
    asked: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "check_stock": (lambda: connector.check_stock(item), lambda: connection.check_stock(item)),
        "get_order": (lambda: connector.get_order("1"), lambda: connection.get_order("1")),
    }
    connector._store.stock[item.sku] = Stock(available=None)
    rows, outcome = [], Outcome()
    for name, ways in asked.items():
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(how.repeats_of(REPEATS)):
            for found, way in zip(took, ways, strict=True):
                found.append(timeit.timeit(way, number=calls) / calls * 1e6)
        direct, through = map(middle, took)
        rows.append([name, f"{direct:.2f}", f"{through:.2f}", f"{through - direct:.2f}"])
        outcome.figures[name] = {"direct_us": took[0], "through_us": took[1]}
        outcome.ratios[f"hooks.{name}.added_us"] = through - direct
    connection.close()
    outcome.tables.append(
        Table("one call of a hook, in µs", ["hook", "the connector", "through a connection", "added"], rows)
    )
    return outcome


HOOKS = Case("hooks", "what a call through a connection adds", called)
