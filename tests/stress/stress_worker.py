"""A worker process of the stress test: one route between a made-up source and a platform in a SQLite file.

The platform has no unique key: whatever is sent twice stands twice, and is counted.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger
from ordersync.model import (
    Account,
    Amounts,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Facts,
    Item,
    Line,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Route,
    Totals,
)
from ordersync.transfer import Transfer

START = datetime(2026, 1, 1, tzinfo=UTC)


def order(number: int) -> Order:
    at = START + timedelta(seconds=number // 3)
    return Order(
        id=f"O{number}",
        number=f"#{number}",
        currency="USD",
        taxes_included=False,
        total=Decimal("10.00"),
        customer=Customer(id=f"C{number % 5000}", email=f"buyer.{number % 5000}@example.com"),
        lines=(
            Line(
                id="1",
                sku="A",
                title="Thing",
                quantity=Decimal(1),
                amounts=Amounts(list_amount=Decimal("10.00"), net=Decimal("10.00")),
            ),
        ),
        placed_at=at,
        updated_at=at,
    )


class Source:
    facts = Facts(overlap=timedelta(seconds=60))

    def __init__(self, count: int) -> None:
        self._count = count

    @hookimpl
    def check_access(self) -> Account:
        return Account(id="shop")

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        first = 0
        if query.updated_from:
            first = max(int((query.updated_from - START).total_seconds()) * 3, 0)
        for start in range(first, self._count, 200):
            orders = tuple(order(number) for number in range(start, min(start + 200, self._count)))
            yield Page(orders, orders[-1].updated_at)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        return order(int(order_id[1:]))


class Platform:
    facts = Facts(
        settle_time=timedelta(seconds=1),
        batch_sizes=dict.fromkeys(
            ("create_orders", "find_orders", "find_customers", "create_customers"), 200
        ),
    )

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, timeout=60, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")

    @staticmethod
    def make(file: Path) -> None:
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, key TEXT)")
            db.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, key TEXT)")
            db.execute("CREATE INDEX orders_key ON orders (key)")
            db.execute("CREATE INDEX customers_key ON customers (key)")
        db.close()

    @hookimpl
    def check_access(self) -> Account:
        return Account(id="platform")

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return Item(sku=sku, product_id=sku)

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        found = []
        for ask in asks:
            row = self._db.execute("SELECT id FROM customers WHERE key = ?", (ask.key,)).fetchone()
            found.append(Done(CustomerRef(id=str(row[0])) if row else None))
        return found

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        return [
            Done(CustomerRef(id=str(one))) for one in self._insert("customers", [ask.key for ask in asks])
        ]

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        ids = self._insert("orders", [draft.key for draft in drafts])
        return [Done(_placed(str(one), draft.key)) for one, draft in zip(ids, drafts, strict=True)]

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        found: list[Outcome[Placed | None]] = []
        for key in keys:
            row = self._db.execute("SELECT id FROM orders WHERE key = ?", (key,)).fetchone()
            found.append(Done(_placed(str(row[0]), key) if row else None))
        return found

    def _insert(self, table: str, keys: Sequence[str]) -> list[int]:
        self._db.execute("BEGIN IMMEDIATE")
        ids = []
        for key in keys:
            ids.append(self._db.execute(f"INSERT INTO {table} (key) VALUES (?)", (key,)).lastrowid or 0)
        self._db.execute("COMMIT")
        return ids


def _placed(order_id: str, key: str) -> Placed:
    return Placed(
        ref=OrderRef(id=order_id),
        key=key,
        totals=Totals(currency="USD", net=Decimal("10.00"), tax=Decimal(0), total=Decimal("10.00")),
        lines=(PlacedLine(id="1", position=0),),
    )


def main(ledger_url: str, platform: str, count: str) -> int:
    ledger = Ledger(ledger_url)
    transfer = Transfer(
        Route(name="orders", source="shop", target="platform"),
        Connection("shop", "stress-source", Source(int(count))),
        Connection("platform", "stress-platform", Platform(Path(platform))),
        ledger,
        Extensions([]),
        workers=1,
        lease=timedelta(seconds=4),
        patience=timedelta(seconds=60),
    )
    report = transfer.sync()
    print(report.created, report.failed)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
