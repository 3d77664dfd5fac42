"""The reference platform: a whole connector over a store in memory, as simple as the contract allows.

Both a source and a target. It keeps money as it is given, finds orders by their key at once, and refuses a second order
with one key. Stores are named and live as long as the process, or in a JSON file if one is given.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from ordersync.errors import Ambiguous, BadSettings, FieldProblem, NotFound, Refused
from ordersync.hookspecs import hookimpl
from ordersync.model import (
    Account,
    Cancel,
    Change,
    Confirm,
    Customer,
    CustomerRef,
    Done,
    Draft,
    DraftLine,
    Facts,
    Failed,
    Frozen,
    Fulfill,
    Item,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    PlacedState,
    SetStatus,
    Stock,
    Totals,
)
from ordersync.web import Access, dump, read

__all__ = ["ReferenceConnector", "ReferenceSettings", "ReferenceStore", "store"]


class ReferenceSettings(Frozen):
    """A connection to a reference store."""

    store: str = Field(default="default", description="The store's name within this process.")
    file: str | None = Field(
        default=None, description="A JSON file that keeps the store between runs; created if it is not there."
    )
    drafts: bool = Field(default=False, description="Orders are created as drafts and confirmed afterwards.")
    any_sku: bool = Field(default=False, description="Every SKU is known.")


@dataclass
class ReferenceStore:
    """What the platform holds. Tests fill and look at it directly."""

    account: str = "reference"
    orders: dict[str, Order] = field(default_factory=dict)
    """As a source: by id."""
    items: dict[str, list[Item]] = field(default_factory=dict)
    """As a target: by SKU; several make it ambiguous."""
    stock: dict[str, Stock] = field(default_factory=dict)
    customers: dict[str, tuple[str, Customer]] = field(default_factory=dict)
    """Id → (key, customer)."""
    placed: dict[str, tuple[Draft, PlacedState, set[int]]] = field(default_factory=dict)
    """Id → (what was asked, its state, the positions that stand)."""
    last: Counter[str] = field(default_factory=Counter)
    """The last number given out by each kind of id: what is deleted is not overwritten by what comes next."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def new_id(self, kind: str, taken: Mapping[str, object]) -> str:
        """An id that was never given out: `R1`, `R2` …"""
        numbers = (int(each[1:]) for each in taken if each[0] == kind and each[1:].isdecimal())
        self.last[kind] = max(self.last[kind], *numbers, 0) + 1
        return f"{kind}{self.last[kind]}"

    def add_item(self, sku: str, **more: Any) -> Item:
        """Let the platform know a SKU."""
        item = Item(sku=sku, product_id=f"P-{sku}", **more)
        self.items.setdefault(sku, []).append(item)
        return item


_stores: dict[str, ReferenceStore] = {}
_stores_lock = threading.Lock()


def store(name: str = "default") -> ReferenceStore:
    """The store of this name, made at the first call."""
    with _stores_lock:
        return _stores.setdefault(name, ReferenceStore(account=name))


class ReferenceConnector:
    """Speaks for a reference store."""

    settings_model: ClassVar[type[ReferenceSettings]] = ReferenceSettings
    facts: Facts = Facts(platform="Reference", unique_key=True, page_size=50)

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        self._access = access
        self._any_sku = settings.any_sku
        self._first_state = PlacedState.DRAFT if settings.drafts else PlacedState.CONFIRMED
        if settings.drafts:
            self.facts = self.facts.model_copy(update={"draft_first": True})
        self._file = Path(settings.file) if settings.file else None
        self._store = ReferenceStore(account=settings.file) if settings.file else store(settings.store)
        if self._file and self._file.exists():
            self._load(self._file)

    def close(self) -> None:
        """Nothing is open."""

    # -- as a source --------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=self._store.account, name=f"reference store {self._store.account}")

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        with self._store.lock:
            found = sorted(
                (
                    order
                    for order in self._store.orders.values()
                    if (query.updated_from is None or order.updated_at >= query.updated_from)
                    and (query.updated_to is None or order.updated_at <= query.updated_to)
                ),
                key=lambda order: (order.updated_at, order.id),
            )
        start = int(query.cursor or 0)
        size = self.facts.page_size
        for first in range(start, len(found), size):
            orders = tuple(found[first : first + size])
            more = first + size < len(found)
            yield Page(orders, orders[-1].updated_at, str(first + size) if more else None)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        return self._store.orders.get(order_id)

    # -- as a target --------------------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        hits = [order_id for order_id, (draft, _, _) in self._store.placed.items() if draft.key == key]
        if len(hits) > 1:
            raise Ambiguous(f"Several orders carry {key}.", candidates=tuple(hits))
        return self._answer(hits[0]) if hits else None

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        with self._store.lock:
            for customer_id, (stamped, _) in self._store.customers.items():
                if stamped == key:
                    return CustomerRef(id=customer_id)
            hits = [
                customer_id
                for customer_id, (_, known) in self._store.customers.items()
                if customer.email and known.email and known.email.lower() == customer.email.lower()
            ]
        if len(hits) > 1:
            raise Ambiguous("Several customers have this e-mail address.", candidates=tuple(hits))
        return CustomerRef(id=hits[0]) if hits else None

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        with self._store.lock:
            customer_id = self._store.new_id("C", self._store.customers)
            self._store.customers[customer_id] = (key, customer)
            self._save()
            return CustomerRef(id=customer_id)

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        hits = self._store.items.get(sku, [])
        if len(hits) > 1:
            raise Ambiguous(
                f"Several items have the SKU {sku!r}.", candidates=tuple(hit.product_id for hit in hits)
            )
        if not hits and self._any_sku:
            return Item(sku=sku, product_id=f"P-{sku}")
        return hits[0] if hits else None

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        return self._store.stock.get(item.sku, Stock(available=None))

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        with self._store.lock:
            if self.find_order(draft.key):
                raise Refused("An order with this key exists.", fields=(FieldProblem("key", "is taken"),))
            order_id = self._store.new_id("R", self._store.placed)
            positions = {line.position for line in draft.lines}
            self._store.placed[order_id] = (draft, self._first_state, positions)
            self._save()
            return self._answer(order_id)

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        outcomes: list[Outcome[Placed]] = []
        for draft in drafts:
            try:
                outcomes.append(Done(self.create_order(draft)))
            except Refused as error:
                outcomes.append(Failed(error))
        return outcomes

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        outcomes: list[Outcome[Placed | None]] = []
        for key in keys:
            try:
                outcomes.append(Done(self.find_order(key)))
            except Ambiguous as error:
                outcomes.append(Failed(error))
        return outcomes

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        with self._store.lock:
            draft, state, positions = self._standing(ref)
            self._store.placed[ref.id] = (draft, state, positions | {line.position})
            self._save()
        return PlacedLine(id=f"{ref.id}-{line.position}", position=line.position)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        with self._store.lock:
            draft, state, positions = self._standing(ref)
            match change:
                case Confirm():
                    state = PlacedState.CONFIRMED
                case Cancel():
                    state = PlacedState.CANCELLED
                case Fulfill(fulfillment=fulfillment):
                    draft = draft.model_copy(
                        update={"metadata": {**draft.metadata, key: fulfillment.model_dump_json()}}
                    )
                case SetStatus(status=status):
                    draft = draft.model_copy(update={"status": status})
                case _:
                    draft = draft.model_copy(update={"metadata": {**draft.metadata, key: "paid"}})
            self._store.placed[ref.id] = (draft, state, positions)
            self._save()
            return self._answer(ref.id)

    def _standing(self, ref: OrderRef) -> tuple[Draft, PlacedState, set[int]]:
        if ref.id not in self._store.placed:
            raise NotFound(f"There is no order {ref.id}.")
        return self._store.placed[ref.id]

    def _answer(self, order_id: str) -> Placed:
        draft, state, positions = self._store.placed[order_id]
        lines = [line for line in draft.lines if line.position in positions]
        net = sum((line.amounts.net for line in lines), start=draft.expected.net * 0)
        tax = sum((line.amounts.tax for line in lines), start=draft.expected.net * 0)
        return Placed(
            ref=OrderRef(id=order_id, number=order_id),
            key=draft.key,
            state=state,
            totals=Totals(currency=draft.currency, net=net, tax=tax, total=net + tax),
            lines=tuple(
                PlacedLine(id=f"{order_id}-{line.position}", position=line.position) for line in lines
            ),
        )

    # -- the file -----------------------------------------------------------------------------------------------

    def _load(self, file: Path) -> None:
        try:
            data = read(file.read_bytes())
            held = self._store
            held.orders = {one["id"]: Order.model_validate(one) for one in data.get("orders", [])}
            for one in data.get("items", []):
                held.items.setdefault(one["sku"], []).append(Item.model_validate(one))
            held.customers = {
                customer_id: (key, Customer.model_validate(one))
                for customer_id, (key, one) in data.get("customers", {}).items()
            }
            held.placed = {
                order_id: (Draft.model_validate(one), PlacedState(state), set(positions))
                for order_id, (one, state, positions) in data.get("placed", {}).items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadSettings(
                f"{file} is not a reference store ({type(error).__name__}).", remedy="Name another file."
            ) from None

    def _save(self) -> None:
        if self._file is None:
            return
        held = self._store
        data = {
            "orders": [order.model_dump(mode="json") for order in held.orders.values()],
            "items": [item.model_dump(mode="json") for items in held.items.values() for item in items],
            "customers": {
                customer_id: [key, customer.model_dump(mode="json")]
                for customer_id, (key, customer) in held.customers.items()
            },
            "placed": {
                order_id: [draft.model_dump(mode="json"), state.value, sorted(positions)]
                for order_id, (draft, state, positions) in held.placed.items()
            },
        }
        part = self._file.with_suffix(".part")
        part.write_bytes(dump(data))
        part.replace(self._file)
