"""Orders read: by the day of their last change, which has no reliable time of day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ordersync import BadInput, Order, OrderQuery, Page, UnexpectedReply
from ordersync_erp_sapb1.catalog import Catalog
from ordersync_erp_sapb1.people import Buyers
from ordersync_erp_sapb1.service import Service
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.shipping import Dock
from ordersync_erp_sapb1.telling import Told, changed_at, order_of
from ordersync_erp_sapb1.wire import Document

__all__ = ["Shelf"]


class Shelf:
    """Reads orders of one company."""

    def __init__(
        self, service: Service, catalog: Catalog, buyers: Buyers, dock: Dock, settings: SapB1Settings
    ) -> None:
        self._service = service
        self._catalog = catalog
        self._buyers = buyers
        self._dock = dock
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)

    def pages(self, query: OrderQuery) -> Iterator[Page]:
        """The orders that match, by day of change and then by number.

        `UpdateDate` is a day in the server's time zone. A listing begins with the whole day of `updated_from`, so what
        changed later on a day that was read before is seen again. Each page asks for what comes behind the last row,
        not for a next link: those count rows, and rows that change meanwhile leave their place, so others would be
        passed over. Within a day the order is by number, so only days that are over are safe before the last page.
        """
        day = query.updated_from.astimezone(self._zone).date() if query.updated_from else None
        until = query.updated_to.astimezone(self._zone).date() if query.updated_to else None
        behind: tuple[date, int] | None = _read_cursor(query.cursor) if query.cursor else None
        newest: datetime | None = None
        while True:
            rows, more = self._service.page(
                Document, where=_where(day, until, behind), order="UpdateDate,DocEntry", more=self._own
            )
            documents, unreadable = _documents(rows)
            orders, untold = self.told(documents)
            for document in documents:
                changed = changed_at(document, self._zone)
                newest = max(newest or changed, changed)
            if more:
                behind = _behind(rows[-1])
            begun = datetime.combine(behind[0], datetime.min.time(), self._zone) if behind else None
            yield Page(
                tuple(orders),
                safe_through=begun - timedelta(seconds=1) if more and begun else newest,
                cursor=f"{behind[0]}|{behind[1]}" if more and behind else None,
                unreadable=(*unreadable, *untold),
            )
            if not more:
                return

    @property
    def _own(self) -> list[str]:
        field = self._settings.key_field
        return [field] if field != "NumAtCard" else []

    def orders(self, ids: Sequence[int]) -> dict[int, Order | str]:
        """Orders by DocEntry, or why one cannot be told; those that are not there are missing."""
        documents = []
        found: dict[int, Order | str] = {}
        for entry in sorted(set(ids)):
            value = self._service.raw(Document.SET, entry)
            read, unreadable = _documents([value] if value is not None else [])
            documents += read
            for _, why in unreadable:
                found[entry] = why
        orders, untold = self.told(documents)
        found |= {int(order.id): order for order in orders}
        return found | {int(each): why for each, why in untold}

    def told(self, documents: Sequence[Document]) -> tuple[list[Order], list[tuple[str, str]]]:
        """These orders in our words, and (id, why) of those that cannot be told."""
        partners = self._buyers.partners([row.CardCode for row in documents if row.CardCode])
        moved = [
            row.DocEntry
            for row in documents
            if any(line.RemainingOpenQuantity < line.Quantity for line in row.DocumentLines)
        ]
        deliveries = self._dock.of_orders(moved) if moved else {}
        names = self._catalog.expense_names
        settings = self._settings
        orders, unreadable = [], []
        for document in documents:
            told = Told(
                document=document,
                currency=self._catalog.iso(document.DocCurrency or self._catalog.local),
                local=self._catalog.local,
                zone=self._zone,
                country=self._catalog.country_iso,
                partner=partners.get(document.CardCode),
                shipping_expenses=frozenset(
                    c for c, name in names.items() if name == settings.shipping_expense
                ),
                rounding_expenses=frozenset(
                    c
                    for c, name in names.items()
                    if name in (settings.rounding_expense, settings.tax_expense)
                ),
                custom_items=frozenset({settings.custom_item}),
                key_field=settings.key_field,
                barcodes=settings.sku_field == "BarCode",
                deliveries=tuple(deliveries.get(document.DocEntry, ())),
            )
            try:
                orders.append(order_of(told))
            except ValidationError as error:
                places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
                unreadable.append(
                    (str(document.DocEntry), f"does not fit in {', '.join(places) or 'its figures'}")
                )
            except ValueError as error:
                unreadable.append((str(document.DocEntry), str(error)))
        return orders, unreadable


def _where(day: date | None, until: date | None, behind: tuple[date, int] | None) -> str:
    conditions = []
    if behind:
        last, entry = behind
        conditions.append(f"(UpdateDate gt '{last}' or (UpdateDate eq '{last}' and DocEntry gt {entry}))")
    elif day:
        conditions.append(f"UpdateDate ge '{day}'")
    if until:
        conditions.append(f"UpdateDate le '{until}'")
    return " and ".join(conditions)


def _documents(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Document], list[tuple[str, str]]]:
    documents, unreadable = [], []
    for row in rows:
        try:
            documents.append(Document.model_validate(row))
        except ValidationError as error:
            places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
            unreadable.append((str(row.get("DocEntry")), f"is not as expected in {', '.join(places)}"))
    return documents, unreadable


def _behind(row: Mapping[str, Any]) -> tuple[date, int]:
    try:
        read = Document.model_validate({name: row.get(name) for name in ("DocEntry", "UpdateDate")})
    except ValidationError:
        read = None
    if read is None or read.UpdateDate is None:
        raise UnexpectedReply("SAP Business One does not say when an order was changed.")
    return read.UpdateDate, read.DocEntry


def _read_cursor(cursor: str) -> tuple[date, int]:
    day, _, entry = cursor.partition("|")
    try:
        return date.fromisoformat(day), int(entry)
    except ValueError:
        raise BadInput("This is not a cursor of a SAP Business One listing.") from None
