"""Everything that stands in the sandbox, and the search index that lags behind it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from .pricing import financial_status, fulfillment_status, totals
from .records import Record, copied, stamp
from .search import And, Expr, candidates, matches, parse, terms

__all__ = ["Index", "Store"]

_FIRST_IDS = {"Order": 5_600_000_000_001, "Customer": 7_100_000_000_001}
_BEYOND_FLOATS = 2**53 + 100
_COLLECTIONS = (
    "orders", "customers", "products", "variants", "locations", "subscriptions", "jobs", "discounts",
)  # fmt: skip


class Index:
    """What a search sees of one kind of record: documents that arrive some seconds after the write.

    `exact` fields are kept in maps, so that an equality is not a walk over everything.
    """

    def __init__(self, exact: Iterable[str]) -> None:
        self.documents: dict[int, Record] = {}
        self.waiting: deque[tuple[datetime, int, Record]] = deque()
        self.exact: dict[str, dict[str, set[int]]] = {field: {} for field in exact}
        self.generation = 0
        self._sorted: dict[tuple[str, str, bool], tuple[int, list[tuple[Any, int]]]] = {}

    def write(self, number: int, document: Record, seen_at: datetime, now: datetime) -> None:
        """The document of a record that was written; searches see it from `seen_at`."""
        if seen_at <= now:
            self.put(number, document)
        else:
            self.waiting.append((seen_at, number, document))

    def catch_up(self, now: datetime) -> None:
        """Let what is due become visible."""
        while self.waiting and self.waiting[0][0] <= now:
            _, number, document = self.waiting.popleft()
            self.put(number, document)

    def put(self, number: int, document: Record) -> None:
        """Make a document visible now."""
        self._mark(number, self.documents.get(number), present=False)
        self.documents[number] = document
        self._mark(number, document, present=True)
        self.generation += 1

    def _mark(self, number: int, document: Record | None, *, present: bool) -> None:
        for field, values in self.exact.items():
            held = document.get(field) if document else None
            for value in held if isinstance(held, list) else [held]:
                if value is None:
                    continue
                numbers = values.setdefault(str(value).lower(), set())
                if present:
                    numbers.add(number)
                else:
                    numbers.discard(number)

    def find(
        self,
        query: str | None,
        sort: Callable[[int, Record], Any],
        sort_name: str,
        reverse: bool,
        now: datetime,
    ) -> list[tuple[Any, int]]:
        """(sort value, id) of what matches, in order."""
        self.catch_up(now)
        expr = parse(query)
        timeless = "now" not in (query or "")
        key = (query or "", sort_name, reverse)
        kept = self._sorted.get(key)
        if kept and kept[0] == self.generation and timeless:
            return kept[1]
        some = candidates(expr, self.exact)
        numbers: Iterable[int] = self.documents if some is None else some
        everything = expr == And(())
        rows = []
        for number in numbers:
            document = self.documents[number]
            if everything or matches(expr, document, now):
                rows.append((sort(number, document), number))
        rows.sort(reverse=reverse)
        if len(self._sorted) > 16:
            self._sorted.clear()
        self._sorted[key] = (self.generation, rows)
        return rows

    def strangers(self, query: str | None, known: frozenset[str]) -> list[str]:
        """Fields of the query that this index does not know: the vendor ignores them and says so."""
        expr: Expr = parse(query)
        found = dict.fromkeys(term.field for term in terms(expr))
        return [
            field for field in found if field and field not in known and not field.startswith("metafields.")
        ]


class Store:
    """The records, by kind and id; what is worked out from an order is kept until the order changes."""

    def __init__(self, clock_now: Callable[[], datetime], lag: int) -> None:
        self.clock_now = clock_now
        self.lag = lag
        self.silent = False
        """Whether a change of an order leaves its `updatedAt` alone."""
        self.beyond_floats = False
        """Whether ids begin beyond 2^53."""
        self.last_id: dict[str, int] = {}
        self.orders: dict[int, Record] = {}
        self.customers: dict[int, Record] = {}
        self.products: dict[int, Record] = {}
        self.variants: dict[int, Record] = {}
        self.locations: dict[int, Record] = {}
        self.subscriptions: dict[int, Record] = {}
        self.jobs: dict[int, Record] = {}
        self.discounts: dict[int, Record] = {}
        self.order_number = 1000
        self.created: deque[datetime] = deque(maxlen=5)
        self.index = {
            "orders": Index(("source_identifier", "name", "email", "po_number", "id", "tag")),
            "customers": Index(("email", "phone", "id", "tag")),
            "variants": Index(("sku", "barcode", "id", "product_id")),
        }
        self.owners: dict[str, dict[str, int]] = {"email": {}, "phone": {}}
        """Normalised e-mail or phone → the customer that has it."""
        self.marks: dict[tuple[str, str, str], int] = {}
        """(namespace, key, value) of a metafield of type `id` → the order that has it."""
        self._totals: dict[tuple[int, str], Record] = {}

    def new_id(self, kind: str) -> int:
        """The next id of a kind."""
        first = _BEYOND_FLOATS if self.beyond_floats else _FIRST_IDS.get(kind, 40_000_000_000)
        number = self.last_id.get(kind, first) + 1
        self.last_id[kind] = number
        return number

    def name_order(self, order: Record, name: str | None = None) -> None:
        """Give a new order its number, its name and its confirmation number."""
        self.order_number += 1
        order["number"] = self.order_number
        order["name"] = name or f"#{self.order_number}"
        order["confirmationNumber"] = hashlib.sha256(f"order {order['id']}".encode()).hexdigest()[:9].upper()

    def totals(self, order: Record, stage: str) -> Record:
        """The sums of an order at a stage (see `pricing.totals`)."""
        key = (order["id"], stage)
        found = self._totals.get(key)
        if found is None:
            found = self._totals[key] = totals(order, stage)
        return found

    def put_order(self, order: Record, *, at: datetime | None = None, seen: bool = False) -> None:
        """Keep an order that is new or was changed at `at` (now). `seen`: the index has it at once."""
        now = self.clock_now()
        if at is not None or not (self.silent and order["id"] in self.orders):
            order["updatedAt"] = at or now.replace(microsecond=0)
        self.orders[order["id"]] = order
        self._marked(order)
        for stage in ("first", "edited", "current"):
            self._totals.pop((order["id"], stage), None)
        lag = timedelta(seconds=0 if seen else self.lag)
        self.index["orders"].write(order["id"], self._order_document(order), now + lag, now)

    def _marked(self, order: Record) -> None:
        for field in order["metafields"]:
            if field["type"] == "id":
                self.marks.setdefault((field["namespace"], field["key"], field["value"]), order["id"])

    def put_customer(self, customer: Record, *, at: datetime | None = None, seen: bool = False) -> None:
        """Keep a customer that is new or was changed."""
        now = self.clock_now()
        customer["updatedAt"] = at or now.replace(microsecond=0)
        self._owned(self.customers.get(customer["id"]), customer)
        self.customers[customer["id"]] = customer
        lag = timedelta(seconds=0 if seen else self.lag)
        document = {
            "id": customer["id"],
            "email": customer["email"],
            "phone": customer["phone"],
            "first_name": customer["firstName"],
            "last_name": customer["lastName"],
            "tag": list(customer["tags"]),
            "state": customer["state"],
            "country": [address["country"] for address in customer["addresses"] if address.get("country")],
            "created_at": customer["createdAt"],
            "customer_date": customer["createdAt"],
            "updated_at": customer["updatedAt"],
            "": f"{customer['firstName']} {customer['lastName']} {customer['email']} {customer['phone']}",
        }
        self.index["customers"].write(customer["id"], document, now + lag, now)

    def _owned(self, before: Record | None, after: Record) -> None:
        for name, owners in self.owners.items():
            if before and before[name]:
                owners.pop(before[name].lower(), None)
            if after[name]:
                owners[after[name].lower()] = after["id"]

    def put_variant(self, variant: Record) -> None:
        """Keep a variant; searches see it at once (a person made it long ago)."""
        now = self.clock_now()
        self.variants[variant["id"]] = variant
        product = self.products[variant["product"]]
        document = {
            "id": variant["id"],
            "sku": variant["sku"],
            "barcode": variant["barcode"],
            "product_id": variant["product"],
            "title": variant["title"],
            "updated_at": variant["updatedAt"],
            "": f"{product['title']} {variant['title']} {variant['sku']}",
        }
        self.index["variants"].write(variant["id"], document, now, now)

    def _order_document(self, order: Record) -> Record:
        customer = self.customers.get(order["customer"]) if order["customer"] else None
        edited, current = self.totals(order, "edited"), self.totals(order, "current")
        payment = financial_status(order, edited["total"]).lower()
        sent = fulfillment_status(order).lower()
        status = ["cancelled"] if order["cancelledAt"] else (["closed"] if order["closedAt"] else ["open"])
        if status != ["closed"]:
            status.append("not_closed")
        name = f"{customer['firstName']} {customer['lastName']}" if customer else ""
        document = {
            "id": order["id"],
            "name": [order["name"], order["name"].removeprefix("#")],
            "created_at": order["createdAt"],
            "updated_at": order["updatedAt"],
            "processed_at": order["processedAt"],
            "status": status,
            "financial_status": payment,
            "fulfillment_status": {
                "unfulfilled": ["unfulfilled", "unshipped"],
                "partially_fulfilled": ["partial"],
                "fulfilled": ["fulfilled", "shipped"],
            }.get(sent, [sent]),
            "tag": list(order["tags"]),
            "source_identifier": order["sourceIdentifier"],
            "source_name": order["sourceName"],
            "po_number": order["poNumber"],
            "confirmation_number": order["confirmationNumber"],
            "email": order["email"],
            "customer_id": order["customer"],
            "sku": [line["sku"] for line in order["lines"] if line["sku"]],
            "test": order["test"],
            "discount_code": next((one["code"] for one in order["applications"] if one["code"]), None),
            "gateway": list(dict.fromkeys(one["gateway"] for one in order["transactions"] if one["gateway"])),
            "return_status": "no_return",
            "subtotal_line_items_quantity": edited["units"],
            "current_total_price": current["total"][0],
            "total_price": edited["total"][0],
            "order_number": order["number"],
            "customer_name": name,
            "": f"{order['name']} {order['email'] or ''} {name} {order['poNumber'] or ''}",
        }
        for field in order["metafields"]:
            document[f"metafields.{field['namespace']}.{field['key']}".lower()] = field["value"]
        return document

    def state(self) -> Record:
        """Everything as plain data; dictionaries have text keys only."""
        kept: Record = {name: copied(list(getattr(self, name).values())) for name in _COLLECTIONS}
        kept["last_id"] = dict(self.last_id)
        kept["order_number"] = self.order_number
        kept["created"] = list(self.created)
        kept["index"] = {
            name: {
                "documents": [[number, copied(document)] for number, document in index.documents.items()],
                "waiting": [[at, number, copied(document)] for at, number, document in index.waiting],
            }
            for name, index in self.index.items()
        }
        return kept

    def restore(self, kept: Record) -> None:
        """Become what `state` described."""
        for name in _COLLECTIONS:
            setattr(self, name, {one["id"]: one for one in copied(kept[name])})
        self.last_id = dict(kept["last_id"])
        self.order_number = kept["order_number"]
        self.created = deque(kept["created"], maxlen=5)
        self._totals.clear()
        self.owners = {"email": {}, "phone": {}}
        for customer in self.customers.values():
            self._owned(None, customer)
        self.marks = {}
        for order in self.orders.values():
            self._marked(order)
        for name, held in kept["index"].items():
            index = Index(self.index[name].exact)
            for number, document in held["documents"]:
                index.put(number, copied(document))
            index.waiting.extend((at, number, copied(document)) for at, number, document in held["waiting"])
            self.index[name] = index

    def __repr__(self) -> str:
        return f"Store({len(self.orders)} orders at {stamp(self.clock_now())})"
