"""What each question means on SAP Business One, over the Service Layer."""

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
    DraftLine,
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
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Refused,
    SetStatus,
    Stock,
    UnexpectedReply,
    hookimpl,
    only,
)
from ordersync.web import Access
from ordersync_erp_sapb1.catalog import Catalog
from ordersync_erp_sapb1.checkup import Checkup
from ordersync_erp_sapb1.goods import Goods
from ordersync_erp_sapb1.listing import Shelf
from ordersync_erp_sapb1.people import Buyers
from ordersync_erp_sapb1.placing import ORDERS, Desk
from ordersync_erp_sapb1.service import PAGE, Service
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.shipping import Dock
from ordersync_erp_sapb1.wire import Document

__all__ = ["FACTS", "SapB1Connector"]


FACTS = Facts(
    platform="SAP Business One",
    page_size=PAGE,
    batch_sizes={
        "create_orders": 20,
        "create_customers": 20,
        "find_orders": 50,
        "find_customers": 60,
        "resolve_skus": 100,
        "check_stocks": 60,
        "get_orders": 50,
    },
    atomic_batches=frozenset({"create_orders", "create_customers"}),
    concurrency=2,
    rate="none documented; each session takes a licence, so two requests at once over one session",
    unique_key=False,
    settle_time=timedelta(seconds=180),
    overlap=timedelta(minutes=2),
    longest_key=100,
    custom_lines=True,
    guests=False,
    draft_first=False,
    keeps_placed_at=True,
    discount_codes=0,
    stacked_taxes=False,
    tax_lines=False,
    arithmetic=Arithmetic(
        line_total="priced",
        price_digits=2,
        line_discount="percent",
        percent_digits=2,
        negative_lines=True,
        tax="rates",
        tax_rounding="order",
        included_tax="tax_first",
        included_order_rounding=True,
        net_adjustment=True,
        tax_adjustment=True,
    ),
)
"""What is true of a company nobody has asked yet; `check_access` sharpens it."""


class SapB1Connector:
    """Sales orders of one company database, written and read."""

    settings_model = SapB1Settings
    facts = FACTS

    def __init__(self, settings: SapB1Settings, access: Access) -> None:
        self._settings = settings
        self.facts = FACTS.model_copy(update={"concurrency": settings.concurrency})
        if not settings.corrections:
            self.facts = self.facts.model_copy(
                update={
                    "arithmetic": FACTS.arithmetic.model_copy(
                        update={"net_adjustment": False, "tax_adjustment": False}
                    )
                }
            )
        self._service = Service(settings, access)
        self._catalog = Catalog(self._service, settings)
        self._goods = Goods(self._service, settings)
        self._buyers = Buyers(self._service, self._catalog, settings)
        self._desk = Desk(self._service, self._catalog, self._buyers, settings, access)
        self._dock = Dock(self._service, access.log)
        self._shelf = Shelf(self._service, self._catalog, self._buyers, self._dock, settings)
        self._checkup = Checkup(self._service, self._catalog, settings, self.facts, access.clock)

    def close(self) -> None:
        """Log out and close the connections."""
        self._service.close()

    def __repr__(self) -> str:
        return f"SapB1Connector({self._settings.company})"

    # -- the account ------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        """Log in, sharpen the facts by the company's settings, and (`thorough`) name what must still be set up."""
        return self._checkup.account(thorough=thorough)

    # -- orders as a target -----------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        """By the field that holds the key, among orders and then among drafts that wait for approval."""
        return only(self.find_orders([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        """One search for ten."""
        return self._desk.find(keys)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        """Ask what it would come to, and create it if that is right. An approval procedure may make a draft of it:
        that is answered as a draft, which a person approves."""
        return only(self._desk.create([draft]))

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        """The same; those whose totals are right go in one change set."""
        return self._desk.create(drafts)

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        """A row appended to the order, known by its position, so that twice makes one."""
        return self._desk.add_line(ref, line)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        """Cancel, close or deliver; what is so already is left alone."""
        standing = self._desk.standing(ref)
        document, waiting = standing.document, standing.waits
        match change:
            case Confirm() | SetStatus(status=OrderStatus.OPEN):
                if waiting:
                    raise Refused(
                        f"The order waits for approval in SAP Business One ({document.AuthorizationStatus or 'draft'}).",
                        remedy="Approve it there and add the draft as an order; then retry.",
                    )
            case Cancel() | SetStatus(status=OrderStatus.CANCELLED):
                self._end(document, "Cancel", done=document.Cancelled == "tYES", waiting=waiting)
            case SetStatus(status=OrderStatus.COMPLETED):
                self._end(document, "Close", done=document.DocumentStatus == "bost_Close", waiting=waiting)
            case Fulfill():
                if waiting:
                    raise Refused("The order waits for approval.", remedy="Approve it first.")
                self._dock.ship(document, change.fulfillment, key)
            case MarkPaid():
                raise NotOffered(
                    "SAP Business One takes payments for invoices, which ordersync does not make.",
                    remedy="Invoice and enter the payment there.",
                )
            case SetStatus():
                raise NotOffered(f"An order of SAP Business One cannot be set to {change.status}.")
        return self._desk.placed(ref)

    def _end(self, document: Document, action: str, *, done: bool, waiting: bool) -> None:
        """Orders are never deleted (-5006): `Cancel` undoes one that nothing draws on, `Close` ends one."""
        if done:
            return
        if waiting:
            raise Refused(
                "The order waits for approval as a draft.", remedy="Reject it or remove the draft there."
            )
        self._service.send("POST", f"{ORDERS}({document.DocEntry})/{action}")

    # -- customers --------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        """By the stamped key, then by e-mail address, then by phone number."""
        return only(self.find_customers([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        """One search per rung for all."""
        return self._buyers.find(asks)

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        """One business partner under a code made of the key, or numbered by a series."""
        return self._buyers.create(customer, key)

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        """Several in one change set: all or none."""
        if len(asks) < 2:
            return [Done(self._buyers.create(ask.customer, ask.key)) for ask in asks]
        return self._buyers.create_together(asks)

    # -- items ------------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        """By item code, exactly; by bar code if the settings allow it."""
        return only(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        """One search for fifteen."""
        return self._goods.resolve(skus)

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        """In stock less committed."""
        return only(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        """One search for fifteen."""
        return self._goods.stocks(items)

    # -- orders as a source -----------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        """By day of change, each page with its customers and deliveries."""
        return self._shelf.pages(query)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        """One order by DocEntry."""
        return only(self.get_orders([order_id]))

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        """One request each, and the rest for all together."""
        found = self._shelf.orders([int(each) for each in order_ids if each.isdecimal()])
        outcomes: list[Outcome[Order | None]] = []
        for each in order_ids:
            order = found.get(int(each)) if each.isdecimal() else None
            if isinstance(order, str):
                outcomes.append(Failed(UnexpectedReply(f"The order {each} cannot be read: {order}.")))
            else:
                outcomes.append(Done(order))
        return outcomes
