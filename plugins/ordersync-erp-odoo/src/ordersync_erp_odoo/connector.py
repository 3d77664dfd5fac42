"""What each question means on Odoo 17 to 19."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    Account,
    Ambiguous,
    Arithmetic,
    BadInput,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Delivery,
    Done,
    Draft,
    DraftLine,
    Event,
    Facts,
    Failed,
    Item,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Receipt,
    Stock,
    UnexpectedReply,
    UpdateAsk,
    hookimpl,
    only,
)
from ordersync.web import Access, read
from ordersync_erp_odoo.catalog import Catalog
from ordersync_erp_odoo.changing import Changes
from ordersync_erp_odoo.checkup import Checkup
from ordersync_erp_odoo.listing import PAGE, Shelf
from ordersync_erp_odoo.loading import Loader
from ordersync_erp_odoo.mapping import item_of
from ordersync_erp_odoo.naming import Names
from ordersync_erp_odoo.people import Buyers
from ordersync_erp_odoo.placing import Desk
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.wire import (
    ProductRow,
    StockRow,
    WebhookCall,
    datetime_text,
)

__all__ = ["FACTS", "OdooConnector"]


BATCH = 50
"""Orders per load: beyond about 50 a larger batch is no faster (measured)."""
FACTS = Facts(
    platform="Odoo",
    page_size=PAGE,
    batch_sizes={
        "create_orders": BATCH,
        "create_customers": BATCH,
        "find_orders": 200,
        "find_customers": 100,
        "resolve_skus": 200,
        "check_stocks": 200,
        "get_orders": PAGE,
        "update_orders": BATCH,
    },
    atomic_batches=frozenset({"create_orders", "create_customers"}),
    concurrency=2,
    rate="none documented; two requests at once are polite, more or a rate per minute if the settings say so",
    unique_key=True,
    settle_time=timedelta(seconds=120),
    overlap=timedelta(minutes=3),
    custom_lines=True,
    guests=False,
    draft_first=True,
    keeps_placed_at=True,
    discount_codes=0,
    arithmetic=Arithmetic(
        line_total="priced",
        price_digits=2,
        line_discount="percent",
        percent_digits=2,
        negative_lines=True,
        tax="rates",
        tax_rounding="line",
        included_tax="net_first",
        included_order_rounding=False,
        net_adjustment=True,
        tax_adjustment=True,
    ),
)
"""What is true of an Odoo nobody has asked yet; `check_access` sharpens it."""


class OdooConnector:
    """Orders of one company in one Odoo database, written and read."""

    settings_model = OdooSettings
    facts = FACTS

    def __init__(self, settings: OdooSettings, access: Access) -> None:
        self.facts = FACTS.model_copy(update={"concurrency": settings.concurrency})
        self._settings = settings
        self._access = access
        self._odoo = Odoo(settings, access)
        self._catalog = Catalog(self._odoo, settings, access.clock)
        loader = Loader(self._odoo, access)
        self._buyers = Buyers(self._odoo, self._catalog, loader)
        names = Names(self._odoo)
        self._desk = Desk(self._odoo, self._catalog, self._buyers, loader, names, settings, access)
        self._shelf = Shelf(self._odoo, self._catalog, settings)
        self._changes = Changes(self._odoo, self._desk, loader, names, settings, access)
        self._checkup = Checkup(self._odoo, self._catalog, settings, self.facts)

    def close(self) -> None:
        """Close the connections."""
        self._odoo.close()

    def __repr__(self) -> str:
        return f"OdooConnector({self._settings.database})"

    def _ready(self) -> None:
        """Know the company, so that every call is limited to it."""
        _ = self._catalog.company

    # -- the account ------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        """Log in, sharpen the facts, and (`thorough`) name what a person must still set up.

        The id is host, database and company: the database's own uuid is not readable for a sales user.
        """
        return self._checkup.account(thorough=thorough)

    # -- orders as a target -----------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        """By the fields that may hold the key, decided by the order's external id."""
        return only(self.find_orders([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        """One search for all."""
        self._ready()
        return self._desk.find(keys)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        """One `load` under the order's external id, unconfirmed; then read back and corrected."""
        return only(self.create_orders([draft]))

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        """One `load` for all."""
        self._ready()
        return self._desk.create(drafts)

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        """A line under its order's external id and its position, so that twice makes one."""
        self._ready()
        return self._desk.add_line(ref, line)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        """Confirm, cancel or ship; what is so already is left alone. Payments are a person's policy in Odoo."""
        return only(self.update_orders([UpdateAsk(ref, change, key)]))

    @hookimpl
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        """One confirmation for all; other changes one by one."""
        self._ready()
        return self._changes.make(asks)

    # -- customers --------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        """By e-mail, then by phone."""
        return only(self.find_customers([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        """One search per rung for all."""
        self._ready()
        return [Done(ref) for ref in self._buyers.find(asks)]

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        """One partner under the customer's external id, a company where there is one."""
        return self._create_customers([CustomerAsk(customer, key)])[0]

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        """One `load` for all."""
        return [Done(ref) for ref in self._create_customers(asks)]

    def _create_customers(self, asks: Sequence[CustomerAsk]) -> list[CustomerRef]:
        self._ready()
        return self._buyers.create(asks)

    # -- items ------------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        """By internal reference, exactly; by barcode if the settings allow it."""
        return only(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        """One search for all."""
        self._ready()
        found = self._products(self._settings.sku_field, skus)
        if self._settings.barcode_fallback:
            found = {**self._products("barcode", [sku for sku in skus if sku not in found]), **found}
        return [self._item(sku, found.get(sku, [])) for sku in skus]

    def _products(self, field: str, skus: Sequence[str]) -> dict[str, list[ProductRow]]:
        found: dict[str, list[ProductRow]] = {}
        wanted = sorted(set(skus))
        for row in self._odoo.search(ProductRow, [[field, "in", wanted]]) if wanted else []:
            sku = row.barcode if field == "barcode" else row.default_code
            if sku in wanted and sku:
                found.setdefault(sku, []).append(row)
        return found

    @staticmethod
    def _item(sku: str, rows: Sequence[ProductRow]) -> Outcome[Item | None]:
        if len(rows) > 1:
            return Failed(
                Ambiguous(
                    f"Odoo has several active products {sku!r}.",
                    candidates=tuple(str(row.id) for row in rows),
                    remedy="Archive all but one, or change their references.",
                )
            )
        return Done(item_of(rows[0], sku) if rows else None)

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        """What is free to sell: on hand less reserved."""
        return only(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        """One read for all, and one per warehouse where there are several."""
        self._ready()
        if not self._odoo.has("product.product", "free_qty"):
            return [Done(Stock(available=None)) for _ in items]
        ids = [int(item.variant_id or item.product_id) for item in items]
        chosen = self._catalog.warehouse
        total = self._free(ids, chosen)
        warehouses = [] if chosen else self._catalog.warehouses()
        several = (
            {row.code or row.name: self._free(ids, row.id) for row in warehouses}
            if len(warehouses) > 1
            else {}
        )
        outcomes: list[Outcome[Stock | None]] = []
        for item, each in zip(items, ids, strict=True):
            if each not in total:
                outcomes.append(Done(None))
            elif not item.tracks_stock:
                outcomes.append(Done(Stock(available=None)))
            else:
                places = {name: free[each] for name, free in several.items() if each in free}
                outcomes.append(Done(Stock(available=total[each], by_location=places)))
        return outcomes

    def _free(self, ids: Sequence[int], warehouse: int | None) -> dict[int, Decimal]:
        inside = {"warehouse": warehouse, "warehouse_id": warehouse} if warehouse else None
        rows = self._odoo.read(StockRow, ids, context=inside)
        return {row.id: row.free_qty for row in rows if row.free_qty is not None}

    # -- orders as a source -----------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        """Confirmed and cancelled orders (quotations if the settings say so), a page in a fixed number of calls."""
        self._ready()
        return self._shelf.pages(query)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        """One order by its database id."""
        return only(self.get_orders([order_id]))

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        """A fixed number of calls for all."""
        self._ready()
        found = self._shelf.orders([int(each) for each in order_ids if each.isdecimal()])
        outcomes: list[Outcome[Order | None]] = []
        for each in order_ids:
            order = found.get(int(each)) if each.isdecimal() else None
            if isinstance(order, str):
                outcomes.append(Failed(UnexpectedReply(f"The order {each} cannot be read: {order}.")))
            else:
                outcomes.append(Done(order))
        return outcomes

    # -- webhooks ---------------------------------------------------------------------------------------------

    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        """Odoo signs nothing: the call must carry the settings' secret in `x-ordersync-secret`.

        Odoo cannot set headers either, so whoever receives the call takes the secret from its address and hands it on.
        """
        secret = self._settings.webhook_secret
        given = delivery.headers.get("x-ordersync-secret", "")
        if secret is None or not hmac.compare_digest(secret.get_secret_value().encode(), given.encode()):
            raise AccessDenied(
                "A webhook call does not carry the secret.",
                remedy="Set `webhook_secret`, and put it into the address in Odoo.",
            )
        try:
            call = WebhookCall.model_validate(read(delivery.body))
        except ValidationError:
            raise BadInput("A webhook call of Odoo names no record.") from None
        if call.model != "sale.order":
            return Receipt()
        stamp = datetime_text(call.write_date or delivery.received_at)
        event = Event(
            id=f"{call.model}/{call.record}/{stamp}",
            topic="order.updated",
            order_id=str(call.record),
            happened_at=call.write_date,
        )
        return Receipt(events=(event,))
