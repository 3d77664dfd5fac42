"""What each question means on Tryton."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ordersync import (
    Account,
    Ambiguous,
    Arithmetic,
    BatchRefused,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Facts,
    Failed,
    Item,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    Refused,
    Stock,
    UnexpectedReply,
    UpdateAsk,
    hookimpl,
    only,
)
from ordersync.web import Access

from ordersync_tryton.changes import Changes
from ordersync_tryton.listing import PAGE, Shelf, split
from ordersync_tryton.people import People
from ordersync_tryton.placing import Desk
from ordersync_tryton.records import Records
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.settings import TrytonSettings

__all__ = ["FACTS", "TrytonConnector"]

Made = TypeVar("Made")

BATCH = 50
"""Fifty sales of four lines are created in a second and confirmed in eight, on a small machine."""
FACTS = Facts(
    platform="Tryton",
    api_version="8.2",
    page_size=PAGE,
    batch_sizes={"create_orders": BATCH, "create_customers": BATCH, "update_orders": BATCH},
    atomic_batches=frozenset({"create_orders", "create_customers"}),
    concurrency=2,
    rate="none documented; two calls at once are polite",
    settle_time=timedelta(seconds=120),
    overlap=timedelta(minutes=3),
    guests=False,
    draft_first=True,
    tracking=False,
    discount_codes=0,
    arithmetic=Arithmetic(line_total="given", tax="rates", tax_rounding="order", included_tax="net_first"),
)
"""What is true of a Tryton nobody has asked yet; `check_access` sharpens it."""


class TrytonConnector:
    """Sales of one company in one Tryton database, written and read."""

    settings_model = TrytonSettings
    facts = FACTS

    def __init__(self, settings: TrytonSettings, access: Access) -> None:
        self._settings = settings
        self._tryton = Tryton(settings, access)
        self._records = Records(self._tryton, settings, access)
        self._people = People(self._tryton, self._records)
        self._desk = Desk(self._tryton, self._records, self._people)
        self._changes = Changes(self._tryton)
        self._shelf = Shelf(self._tryton, self._records)

    def close(self) -> None:
        """Close the connections."""
        self._tryton.close()

    def __repr__(self) -> str:
        return f"TrytonConnector({self._settings.database})"

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        """Log in, look at the company, and sharpen the facts by its currencies and taxes."""
        company = self._records.company()
        taxes = self._records.tax_book()
        place = f"{urlsplit(self._settings.url).hostname}/{self._settings.database}/{company.id}"
        wanted = self._settings.correction_tax
        problems = []
        if wanted and taxes.correction is None:
            problems.append(
                f"There is no tax {wanted!r} of type fixed: create it, or change `correction_tax`."
            )
        if thorough and not self._records.knows_countries():
            problems.append("There are no countries: run `trytond_import_countries` for the database.")
        arithmetic = Arithmetic(tax="given") if taxes.correction else _computed(taxes.rounding)
        return Account(
            id=place,
            name=company.rec_name,
            problems=tuple(problems),
            facts=self.facts.model_copy(
                update={"currencies": frozenset(self._records.currencies()), "arithmetic": arithmetic}
            ),
        )

    # -- orders, read ------------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        """By the time of the last change and the id, each page beginning behind the last sale of the one before.

        Counted offsets would not do: a sale that changes meanwhile leaves its place, and the next one slips past.
        """
        behind = split(query.cursor) if query.cursor else None
        while True:
            rows = self._shelf.rows(query, behind)
            if rows:
                behind = rows[-1]["last_modified_at"], rows[-1]["id"]
            last = len(rows) < self._shelf.page
            orders, unreadable = self._shelf.read(rows)
            yield Page(
                orders=orders,
                safe_through=behind[0] if behind else None,
                cursor=None if last or behind is None else f"{behind[0].isoformat()} {behind[1]}",
                unreadable=unreadable,
            )
            if last:
                return

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        """One sale by its id."""
        return only(self.get_orders([order_id]))

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        """Several sales in one call; those that are gone are missing from Tryton's answer."""
        ids = [int(each) for each in order_ids if each.isdecimal()]
        orders, unreadable = self._shelf.read(self._shelf.some(ids))
        found: dict[str, Order] = {order.id: order for order in orders}
        odd = dict(unreadable)
        return [
            Failed(UnexpectedReply(f"The sale {each} cannot be read: {odd[each]}."))
            if each in odd
            else Done(found.get(each))
            for each in order_ids
        ]

    # -- orders, written ---------------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        """By the description, which holds the key and nothing else."""
        return only(self.find_orders([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        """One search for all."""
        found = self._desk.find(keys)
        return [_one_of(found[key], lambda placed: placed.ref.id) for key in keys]

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        """One sale with all its lines, in one transaction."""
        return only(self._desk.create([draft]))

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        """Several sales in one transaction: all that can be sent, or none."""
        return _all_or_none(self._desk.create, drafts)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        """Confirm (quote, then confirm) or cancel. Asked twice, the second finds nothing to do."""
        return only(self.update_orders([UpdateAsk(ref, change, key)]))

    @hookimpl
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        """Each button is pressed once for all."""
        return self._changes.make(asks)

    # -- customers ---------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        """A party by the key among its identifiers, then by e-mail, then by phone."""
        return only(self.find_customers([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        """One search for all."""
        return self._people.find(asks)

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        """A party with its contact mechanisms, its address, and the key as an identifier."""
        return only(self._people.create([CustomerAsk(customer, key)]))

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        """Several parties in one transaction: all or none."""
        return _all_or_none(self._people.create, asks)

    # -- goods -------------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        """The active product whose code is the SKU."""
        return only(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        """One search for all."""
        found = self._records.products(skus)
        return [_one_of(found.get(sku, []), lambda item: item.variant_id or item.product_id) for sku in skus]

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        """What each warehouse has, less what is promised already."""
        return only(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        """One request per warehouse for all."""
        found = self._records.stocks(items)
        return [
            Done(
                found.get(int(item.variant_id or item.product_id))
                if item.tracks_stock
                else Stock(available=None)
            )
            for item in items
        ]


def _computed(rounding: str) -> Arithmetic:
    """How Tryton computes where nothing can be corrected."""
    return FACTS.arithmetic.model_copy(update={"tax_rounding": "order" if rounding == "document" else "line"})


def _one_of(found: Sequence[Made], name: Callable[[Made], str]) -> Outcome[Made | None]:
    """The only one, None if there is none, a failure if there are several; `name` gives one's id."""
    match found:
        case []:
            return Done(None)
        case [one]:
            return Done(one)
        case _:
            return Failed(
                Ambiguous(
                    "Tryton has several where one was expected.",
                    candidates=tuple(map(name, found)),
                    remedy="Keep one of them.",
                )
            )


def _all_or_none(
    create: Callable[[Sequence[Any]], Sequence[Outcome[Made]]], asks: Sequence[Any]
) -> Sequence[Outcome[Made]]:
    """A batch in one transaction. Raises BatchRefused if it was refused, or broke the server: then nothing was made."""
    try:
        return create(asks) if asks else []
    except Refused as error:
        raise BatchRefused(error.message, fields=error.fields, remedy=error.remedy) from None
    except UnexpectedReply as error:
        raise BatchRefused(error.message, remedy=error.remedy) from None
