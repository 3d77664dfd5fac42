"""Orders in files: a source reads what applications wrote, a target keeps one document per order."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ordersync import (
    Account,
    Ambiguous,
    Arithmetic,
    BadInput,
    BadSettings,
    Change,
    Customer,
    CustomerRef,
    Done,
    Draft,
    DraftLine,
    Facts,
    Failed,
    FieldProblem,
    InDoubt,
    Item,
    NotFound,
    NotOffered,
    Order,
    OrderQuery,
    OrderRef,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Stock,
    hookimpl,
)
from ordersync.web import Access, read
from ordersync_file.inbox import Found, Inbox, Unreadable
from ordersync_file.mapping import changed, document_of, item_of, placed, stock_of, with_line
from ordersync_file.outbox import Customers, Folder, Lines, Orders
from ordersync_file.wire import Catalogue, CatalogueItem, CustomerDocument, OrderDocument

__all__ = ["FileConnector", "FileSettings"]

T = TypeVar("T")
_PAGE = 100


class FileSettings(BaseModel):
    """Where orders are read from, and where they are written to; one of the two at least."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Path | None = Field(
        default=None,
        description="Source: a .json or .jsonl file, a folder of them, or a folder with a pattern "
        "(inbox/web-*.json).",
    )
    output: Path | None = Field(
        default=None,
        description="Target: a folder (one document per order), or a file that ends in .jsonl (one line per "
        "state of an order).",
    )
    shape: Literal["auto", "own", "pushed", "unified"] = Field(
        default="auto",
        description="The JSON shape of the source's orders: our own, the payload that applications push, or "
        "the unified list; auto recognises each order.",
    )
    account: str | None = Field(
        default=None,
        min_length=1,
        description="What makes these files one account, for ever: give it before you move them. "
        "By default their full path.",
    )
    catalogue: Path | None = Field(
        default=None,
        description="Target: a JSON file with the SKUs that it knows; without one every SKU is accepted.",
    )
    late_days: int = Field(
        default=30,
        ge=0,
        description="Source: an order file may arrive this many days after the time that it states and is still "
        "picked up.",
    )

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.path is None and self.output is None:
            raise ValueError("give `path` to read orders from, or `output` to write them to")
        if self.path and self.output and self.path.resolve() == self.output.resolve():
            raise ValueError("`path` and `output` must differ: what is written is not read as orders")
        return self


class FileConnector:
    """Answers for one inbox, one outbox, or both."""

    settings_model = FileSettings
    facts = Facts(
        platform="Files",
        page_size=_PAGE,
        concurrency=4,
        rate="none: the disk's own",
        unique_key=True,
        index_lag=timedelta(0),
        settle_time=timedelta(0),
        overlap=timedelta(days=30),
        arithmetic=Arithmetic(
            line_total="given",
            line_discount="amount",
            tax="given",
            net_adjustment=True,
            tax_adjustment=True,
        ),
    )

    def __init__(self, settings: FileSettings, access: Access) -> None:
        self.settings = settings
        self.access = access
        self.facts = self.facts.model_copy(update={"overlap": timedelta(days=settings.late_days)})
        self._inbox = Inbox(settings.path, settings.shape) if settings.path else None
        self._orders: Orders | None = None
        self._customers: Customers | None = None
        output = settings.output
        if output:
            lines = output.suffix.lower() == ".jsonl"
            self._orders = Lines(output) if lines else Folder(output)
            self._customers = Customers((output.parent if lines else output) / "customers")
        self._known: dict[str, list[CatalogueItem]] = {}
        self._known_stamp: tuple[int, int] | None = None
        self._known_guard = threading.Lock()

    def close(self) -> None:
        """Nothing is held open between calls."""

    @hookimpl
    def check_access(self) -> Account:
        place = self.settings.path or self.settings.output
        assert place is not None
        problems: list[str] = []
        if self._inbox:
            _check_readable(self._inbox.folder)
        if self.settings.output:
            problems += _writable(self.settings.output)
        self._catalogue()
        where = place.resolve().as_posix()
        digest = hashlib.sha256(
            (where.lower() if os.name == "nt" else where).encode("utf-8", "surrogateescape")
        )
        return Account(
            id=self.settings.account or f"file-{digest.hexdigest()[:24]}",
            name=str(place),
            problems=tuple(problems),
            facts=self.facts,
        )

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        inbox = self._source()
        _check_readable(inbox.folder)
        scanned, unreadable = inbox.scan()
        start = _cursor(query.cursor)
        wanted = [
            found
            for found in scanned
            if (query.updated_from is None or found.updated_at >= query.updated_from)
            and (query.updated_to is None or found.updated_at <= query.updated_to)
            and (start is None or found.rank > start)
        ]
        # Unreadable ones have no date: they stand on the first page of every listing, never on a resumed one.
        aside = [] if start else unreadable
        for first in range(0, max(len(wanted), 1), _PAGE):
            chosen = wanted[first : first + _PAGE]
            following = wanted[first + _PAGE : first + _PAGE + 1]
            loaded = inbox.load(chosen)
            broken = [one for one in loaded if isinstance(one, Unreadable)]
            yield Page(
                orders=tuple(
                    order for order in loaded if isinstance(order, Order) and _matches(order, query)
                ),
                safe_through=_safe_through(chosen, following),
                cursor=f"{chosen[-1].updated_at.isoformat()} {chosen[-1].id}" if following else None,
                unreadable=tuple((one.id, one.why) for one in (*aside, *broken)),
            )
            aside = []

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        return _value(self._get([order_id])[0])

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        return self._get(order_ids)

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        document = self._target().get(key)
        return placed(document) if document else None

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        return [_outcome(self.find_order, key) for key in keys]

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        customers = self._customer_files()
        if customers.get(key):
            return CustomerRef(id=key)
        for kind, value in _known_by(customer).items():
            found = [
                document
                for document in customers.having(kind, value)
                if _known_by(document.customer).get(kind) == value
            ]
            if len(found) > 1:
                raise Ambiguous(
                    f"Several customers have this {kind}.",
                    candidates=tuple(document.id for document in found),
                    remedy="Remove all but one of their files in customers/.",
                )
            if found:
                return CustomerRef(id=found[0].id)
        return None

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        customers = self._customer_files()
        with customers.lock():
            if not customers.get(key):
                document = CustomerDocument(id=key, customer=customer, created_at=self.access.clock.now())
                customers.put(document, _known_by(customer))
        return CustomerRef(id=key)

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        catalogue = self._catalogue()
        if catalogue is None:
            return Item(sku=sku, product_id=sku, tracks_stock=False)
        known = catalogue.get(sku, [])
        active = [item for item in known if item.sellable] or known
        if len(active) > 1:
            raise Ambiguous(
                f"The catalogue has the SKU {sku!r} {len(active)} times.",
                candidates=tuple(item.variant_id or item.product_id or item.sku for item in active),
                remedy="Leave one of them in the catalogue, or mark the others `sellable: false`.",
            )
        return item_of(active[0]) if active else None

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        return [_outcome(self.resolve_sku, sku) for sku in skus]

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        catalogue = self._catalogue()
        if catalogue is None:
            return Stock(available=None)
        same = [
            known
            for known in catalogue.get(item.sku, [])
            if (known.product_id or known.sku, known.variant_id) == (item.product_id, item.variant_id)
        ]
        return stock_of(same[0]) if same else None

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        orders = self._target()
        with orders.lock():
            document = orders.get(draft.key)
            if document is None:
                document = document_of(draft, self.access.clock.now())
                orders.put(document)
        return placed(document)

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        return [_outcome(self.create_order, draft) for draft in drafts]

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine, key: str) -> PlacedLine:
        stamped = line.model_copy(update={"key": key})
        with self._target().lock():
            document = self._standing(ref)
            if not any(found.key == key for found in document.order.lines):
                self._target().put(with_line(document, stamped))
        return PlacedLine(id=key, position=line.position)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        with self._target().lock():
            was = self._standing(ref)
            now = changed(was, change, key, self.access.clock.now())
            if now is not was:
                self._target().put(now)
        return placed(now)

    def _get(self, order_ids: Sequence[str]) -> list[Outcome[Order | None]]:
        inbox = self._source()
        _check_readable(inbox.folder)
        scanned, unreadable = inbox.scan()
        by_id = {found.id: found for found in scanned if found.id in set(order_ids)}
        loaded = dict(zip(by_id, inbox.load(by_id.values()), strict=True))
        broken = {one.id: one for one in unreadable}
        answers: list[Outcome[Order | None]] = []
        for order_id in order_ids:
            found = loaded.get(order_id) or broken.get(order_id)
            if isinstance(found, Unreadable):
                answers.append(
                    Failed(BadInput(found.why, remedy="Correct the file; it is read again at the next run."))
                )
            else:
                answers.append(Done(found))
        return answers

    def _source(self) -> Inbox:
        if self._inbox is None:
            raise NotOffered(
                "This connection has no files to read orders from.", remedy="Give it `path` in the settings."
            )
        return self._inbox

    def _target(self) -> Orders:
        if self._orders is None:
            raise NotOffered(
                "This connection has no place to write orders to.", remedy="Give it `output` in the settings."
            )
        return self._orders

    def _customer_files(self) -> Customers:
        self._target()
        assert self._customers is not None
        return self._customers

    def _standing(self, ref: OrderRef) -> OrderDocument:
        document = self._target().get(ref.id)
        if document is None:
            raise NotFound(
                f"The output has no order {ref.id}.", remedy="Put its document back, or send the order again."
            )
        return document

    def _catalogue(self) -> dict[str, list[CatalogueItem]] | None:
        """The catalogue by SKU, read again when its file has changed; None if there is none."""
        file = self.settings.catalogue
        if file is None:
            return None
        with self._known_guard:
            try:
                status = file.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                if stamp != self._known_stamp:
                    self._known = _catalogue(file.read_bytes())
                    self._known_stamp = stamp
            except OSError as error:
                raise BadSettings(
                    "The catalogue cannot be read.",
                    problems=(FieldProblem("catalogue", f"expected a file ({error.strerror})"),),
                    remedy="Give the path of a JSON file, or leave `catalogue` out.",
                ) from None
            return self._known


def _catalogue(body: bytes) -> dict[str, list[CatalogueItem]]:
    data = read(body)
    try:
        catalogue = Catalogue.model_validate({"items": data} if isinstance(data, list) else data)
    except ValidationError as error:
        raise BadInput(
            "The catalogue is not as it must be.",
            problems=tuple(
                FieldProblem("/" + "/".join(map(str, found["loc"])), found["msg"])
                for found in error.errors(include_url=False, include_context=False, include_input=False)
            ),
            remedy='It is `{"items": [{"sku": "TEE-M", "stock": 5}]}`; the README names the other keys.',
        ) from None
    by_sku: dict[str, list[CatalogueItem]] = {}
    for item in catalogue.items:
        by_sku.setdefault(item.sku, []).append(item)
    return by_sku


def _check_readable(place: Path) -> None:
    if not place.exists():
        raise BadSettings(
            "There is nothing to read orders from.",
            problems=(FieldProblem("path", "expected a file or folder that exists"),),
            remedy=f"Create {place}, or correct `path`.",
        )
    if not os.access(place, os.R_OK):
        raise BadSettings(
            "The orders cannot be read.",
            problems=(FieldProblem("path", "expected a file or folder that this user may read"),),
            remedy=f"Give this user the right to read {place}.",
        )


def _writable(output: Path) -> list[str]:
    """What keeps orders from being written there; the folder itself is made with the first order."""
    standing = next(place for place in (output, *output.resolve().parents) if place.exists())
    lines = output.suffix.lower() == ".jsonl"
    if standing == output and lines == output.is_dir():
        return [f"{output} must be a {'file' if lines else 'folder'}: move away what stands there."]
    if standing != output and not standing.is_dir():
        return [f"{standing} is a file: `output` cannot be made under it."]
    return [] if os.access(standing, os.W_OK) else [f"Give this user the right to write to {standing}."]


def _matches(order: Order, query: OrderQuery) -> bool:
    return (
        (query.placed_from is None or order.placed_at >= query.placed_from)
        and (query.statuses is None or order.status in query.statuses)
        and (query.payment_statuses is None or order.payment_status in query.payment_statuses)
        and (query.fulfillment_statuses is None or order.fulfillment_status in query.fulfillment_statuses)
        and (query.currencies is None or order.currency in query.currencies)
        and (query.tags is None or not query.tags.isdisjoint(order.tags))
    )


def _safe_through(chosen: Sequence[Found], following: Sequence[Found]) -> datetime | None:
    """The latest change of which nothing stands on the next page."""
    times = [found.updated_at for found in chosen]
    if following:
        times = [time for time in times if time < following[0].updated_at]
    return max(times, default=None)


def _cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    time, _, identity = cursor.partition(" ")
    with suppress(ValueError):
        return datetime.fromisoformat(time), identity
    raise BadInput("This is no cursor of ours.", remedy="List without it.")


def _known_by(customer: Customer) -> dict[str, str]:
    """What a customer is found by besides the key, compared without case or blanks around."""
    given = {"email": customer.email, "phone": customer.phone}
    return {kind: value.strip().lower() for kind, value in given.items() if value and value.strip()}


def _value(outcome: Outcome[T]) -> T:
    if isinstance(outcome, Failed):
        raise outcome.error
    return outcome.value


def _outcome(hook: Callable[[Any], T], asked: Any) -> Outcome[T]:
    """One element of a batch; what stops the whole batch (a lost answer) is raised."""
    try:
        return Done(hook(asked))
    except InDoubt:
        raise
    except OrderSyncError as error:
        return Failed(error)
