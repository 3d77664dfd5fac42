"""The contract suite on folders of files: they are their own stand-in, so what stands is read from them, as text."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ordersync.testing import Sandbox, StandingOrder
from ordersync.testing.contract import Batches, Changes, ConnectorContract, People, Placing
from ordersync.testing.seeds import catalogue
from ordersync.testing.trial import reference_orders
from ordersync.web import dump


class Folders(Sandbox):
    """An inbox, an outbox and a catalogue, in a folder that goes away with this."""

    platform = "file"
    option_names = MappingProxyType({"output": "folder (default), or lines: one file of JSON Lines"})

    def populate(self, orders: int) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="ordersync-file-"))
        weakref.finalize(self, shutil.rmtree, self.place)
        self.inbox, self.catalogue = self.place / "inbox", self.place / "catalogue.json"
        lines = self.options.get("output") == "lines"
        self.output = self.place / ("outbox/orders.jsonl" if lines else "outbox")
        self.inbox.mkdir()
        self.goods: list[dict[str, Any]] = [{"sku": one.sku, "stock": one.stock} for one in catalogue()]
        self.catalogue.write_bytes(dump(self.goods))
        for order in reference_orders(orders):
            (self.inbox / f"{order.id}.json").write_text(order.model_dump_json(), "utf-8")

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "connector": "file",
            "path": self.inbox,
            "output": self.output,
            "catalogue": self.catalogue,
        }

    def standing(self) -> list[StandingOrder]:
        """Both sides: orders that were pushed, and documents that were written."""
        return [*map(_pushed, self._read(self.inbox)), *map(_written, self._documents())]

    def customers(self) -> set[str]:
        folder = (self.output.parent if self.output.suffix else self.output) / "customers"
        return {one["id"] for one in self._read(folder)}

    def _documents(self) -> list[dict[str, Any]]:
        if not self.output.suffix:
            return list(self._read(self.output))
        lines = self.output.read_text("utf-8").splitlines() if self.output.exists() else []
        return list({one["id"]: one for one in map(_exactly, lines)}.values())

    @staticmethod
    def _read(folder: Path) -> Iterator[dict[str, Any]]:
        for file in sorted(folder.glob("*.json")):
            yield _exactly(file.read_text("utf-8"))

    # -- levers -------------------------------------------------------------------------------------------------

    def long_order(self, lines: int) -> str:
        """One of each product, over and over."""
        chosen = islice(cycle(catalogue()), lines)
        rows = [{"sku": one.sku, "title": one.title, "quantity": 1, "price": one.price} for one in chosen]
        return self._push("LONG", rows)

    def order_worth(self, total: Decimal) -> str:
        """The total is a JSON number, with a point."""
        return self._push("WORTH", [{"title": "Made to measure", "quantity": 1, "price": total}])

    def ambiguous_sku(self) -> str:
        """Two variants of the catalogue get one SKU."""
        twins = [{"sku": "TWIN-01", "variant_id": variant} for variant in ("V-1", "V-2")]
        self.catalogue.write_bytes(dump([*self.goods, *twins]))
        return "TWIN-01"

    def _push(self, order_id: str, rows: list[dict[str, Any]]) -> str:
        payload = {
            "orderId": order_id,
            "orderDate": self.clock.now().isoformat(),
            "customer": {"id": "C-1", "email": "buyer.amber@example.com"},
            "lineItems": rows,
            "pricing": {"total": sum(row["price"] for row in rows), "currency": "USD"},
        }
        (self.inbox / f"{order_id}.json").write_bytes(dump(payload))
        return order_id


def _exactly(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def _pushed(order: dict[str, Any]) -> StandingOrder:
    own = "placed_at" in order
    total = Decimal(order["total"] if own else order["pricing"]["total"])
    return StandingOrder(
        id=order["id"] if own else order["orderId"],
        key=None,
        number=order["number"] if own else order["orderId"],
        currency=order["currency"] if own else order["pricing"]["currency"],
        net=total,
        tax=Decimal(0),
        total=total,
        lines=len(order["lines" if own else "lineItems"]),
    )


def _written(document: dict[str, Any]) -> StandingOrder:
    order, totals = document["order"], document["totals"]
    customer = order["customer_ref"]
    return StandingOrder(
        id=document["id"],
        key=order["key"],
        number=order["number"],
        currency=totals["currency"],
        net=Decimal(totals["net"]),
        tax=Decimal(totals["tax"]),
        total=Decimal(totals["total"]),
        lines=len(order["lines"]),
        cancelled=document["state"] == "cancelled",
        customer=customer["id"] if customer else None,
        confirmed=document["state"] != "draft",
        placed_at=datetime.fromisoformat(order["placed_at"]),
    )


class TestFile(ConnectorContract):
    platform = "file"
    sandbox = Folders
    seeded = False


class TestLines(Placing, People, Batches, Changes):
    platform = "file"
    sandbox = Folders
    options = MappingProxyType({"output": "lines"})
