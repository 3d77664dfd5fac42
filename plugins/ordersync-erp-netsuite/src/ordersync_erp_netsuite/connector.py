"""What each question means on NetSuite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from ordersync import (
    Account,
    Arithmetic,
    Cancel,
    Change,
    Confirm,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Facts,
    Failed,
    Fulfill,
    Item,
    MarkPaid,
    NotOffered,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    SetStatus,
    Stock,
    UpdateAsk,
    hookimpl,
    only,
)
from ordersync.web import Access
from ordersync_erp_netsuite.account_time import AccountTime
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.checkup import Checkup
from ordersync_erp_netsuite.jobs import MOST, MOST_ALONE, Jobs
from ordersync_erp_netsuite.listing import PAGE, Shelf
from ordersync_erp_netsuite.people import Buyers
from ordersync_erp_netsuite.placing import Desk
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.shipping import Dock
from ordersync_erp_netsuite.standing import Standing
from ordersync_erp_netsuite.suite import Suite
from ordersync_erp_netsuite.together import Crowd

__all__ = ["FACTS", "NetSuiteConnector"]


_GIVEN = Arithmetic(line_total="given", negative_lines=True, tax="given")
_COMPUTED = Arithmetic(
    line_total="given",
    negative_lines=True,
    tax="rates",
    tax_rounding="line",
    included_tax="net_first",
    included_order_rounding=False,
    net_adjustment=True,
    tax_adjustment=True,
)
FACTS = Facts(
    platform="NetSuite",
    api_version="record/v1, query/v1",
    page_size=PAGE,
    batch_sizes={
        "create_orders": MOST,
        "update_orders": MOST,
        "find_orders": 200,
        "create_customers": MOST,
        "find_customers": 100,
        "resolve_skus": 200,
        "check_stocks": 200,
        "get_orders": PAGE,
    },
    concurrency=3,
    rate="requests at once per account: 5 to 20 by service tier, and 10 more per SuiteCloud Plus licence",
    unique_key=True,
    settle_time=timedelta(minutes=15),
    overlap=timedelta(minutes=5),
    custom_lines=True,
    guests=False,
    draft_first=True,
    keeps_placed_at=False,
    discount_codes=0,
    amount_digits=2,
    arithmetic=_GIVEN,
)
"""What is true of an account nobody has asked yet. A request may run for 15 minutes (documented)."""


_ALONE = {**FACTS.batch_sizes, **dict.fromkeys(("create_orders", "create_customers"), MOST_ALONE)}


class NetSuiteConnector:
    """Sales orders of one NetSuite account, written and read."""

    settings_model = NetSuiteSettings
    facts = FACTS

    def __init__(self, settings: NetSuiteSettings, access: Access) -> None:
        self.facts = FACTS.model_copy(
            update={
                "concurrency": settings.concurrency,
                "arithmetic": _GIVEN if settings.tax in ("details", "item") else _COMPUTED,
                "stacked_taxes": settings.tax != "codes",
                "batch_sizes": FACTS.batch_sizes if settings.batches else _ALONE,
            }
        )
        self._account = settings.realm
        self._suite = Suite(settings, access)
        time = AccountTime(self._suite, settings)
        self._catalog = Catalog(self._suite, settings)
        jobs = Jobs(self._suite, settings, access)
        self._buyers = Buyers(self._suite, self._catalog, jobs, settings)
        self._standing = Standing(self._suite, self._catalog, settings, access.log)
        self._desk = Desk(self._suite, self._catalog, self._standing, time, settings)
        self._crowd = Crowd(self._suite, self._standing, jobs, self._desk)
        self._shelf = Shelf(self._suite, self._catalog, self._buyers, time, settings)
        self._dock = Dock(self._suite, settings, access.log)
        self._checkup = Checkup(self._suite, self._catalog, time, settings, self.facts)

    def close(self) -> None:
        """Close the connections."""
        self._suite.close()

    def __repr__(self) -> str:
        return f"NetSuiteConnector({self._account})"

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        """One tiny query, per table if `thorough`: a missing permission looks like an unknown table."""
        return self._checkup.account(thorough=thorough)

    # -- orders as a target ---------------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        """By the external id itself, which is never behind an index."""
        return self._standing.find_one(key)

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        """One query for all, and a request per hit."""
        return self._standing.find(keys)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        """With the key as its external id, pending approval, all lines at once; then read back."""
        return self._desk.create(draft)

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        """A job for all, or a request each; read back together."""
        return self._crowd.create(drafts)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        """Approve, hold, close or ship; what is so already is left alone."""
        order = self._standing.order(ref)
        match change:
            case Confirm() | SetStatus(status=OrderStatus.OPEN):
                self._desk.approve(order)
            case SetStatus(status=OrderStatus.HELD):
                self._desk.hold(order)
            case Cancel() | SetStatus(status=OrderStatus.CANCELLED):
                self._desk.close(order)
            case Fulfill(fulfillment=fulfillment):
                self._dock.ship(order, fulfillment, key)
            case MarkPaid():
                raise NotOffered(
                    "A sales order of NetSuite is not paid: deposits and invoices are.",
                    remedy="Record a customer deposit in NetSuite.",
                )
            case SetStatus():
                raise NotOffered(f"A sales order of NetSuite cannot be set to {change.status}.")
        return self._standing.placed(self._standing.order(ref))

    @hookimpl
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        """Approvals by a job for all, or a request each, read before and afterwards together; anything else alone."""
        refs = [ask.ref for ask in asks if isinstance(ask.change, Confirm)]
        approved = self._crowd.approve(refs) if refs else {}
        outcomes: list[Outcome[Placed]] = []
        for ask in asks:
            if isinstance(ask.change, Confirm):
                outcomes.append(approved[ask.ref.id])
                continue
            try:
                outcomes.append(Done(self.update_order(ask.ref, ask.change, ask.key)))
            except OrderSyncError as error:
                outcomes.append(Failed(error))
        return outcomes

    # -- customers ------------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        """By external id, then e-mail, then phone."""
        return only(self._buyers.find([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        """One query for all."""
        return self._buyers.find(asks)

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        """Under the key as its external id, with address and currencies."""
        return self._buyers.create(customer, key)

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        """A job for all, or a request each."""
        return self._buyers.create_many(asks)

    # -- items ----------------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        """By item name (or what the settings say), exactly; of a matrix item by its own name."""
        return only(self._catalog.resolve([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        """One query for all, and one for those that may stand below a parent."""
        return self._catalog.resolve(skus)

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        """What is available, in all and per location."""
        return only(self._catalog.stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        """Two queries for all."""
        return self._catalog.stocks(items)

    # -- orders as a source ---------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        """Ids by SuiteQL, oldest change first; each order is then read as a record."""
        return self._shelf.pages(query)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        """One order by its internal id."""
        return only(self.get_orders([order_id]))

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        """A request per order, customers and items in one query each."""
        found = self._shelf.orders([each for each in order_ids if each.isascii() and each.isdigit()])
        outcomes: list[Outcome[Order | None]] = []
        for each in order_ids:
            order = found.get(each)
            outcomes.append(Failed(order) if isinstance(order, Exception) else Done(order))
        return outcomes
