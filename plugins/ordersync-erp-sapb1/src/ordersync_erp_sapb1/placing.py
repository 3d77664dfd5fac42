"""Orders written: their totals asked for, created once, looked for where an approval may have put them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from ordersync import (
    AccessDenied,
    Ambiguous,
    BatchRefused,
    Done,
    Draft,
    DraftLine,
    Failed,
    InDoubt,
    LineKind,
    NotFound,
    OrderRef,
    OrderSyncError,
    Outcome,
    Placed,
    PlacedLine,
    Refused,
    Tax,
    Totals,
    UnexpectedReply,
    minor_unit,
)
from ordersync.web import Access, Reply
from ordersync_erp_sapb1.catalog import Catalog
from ordersync_erp_sapb1.faults import verdicts
from ordersync_erp_sapb1.mapping import (
    DRAFT,
    Asked,
    Correction,
    document_of,
    key_of,
    line_of,
    placed_of,
    positions_of,
    totals_of,
)
from ordersync_erp_sapb1.multipart import Operation, Part
from ordersync_erp_sapb1.people import Buyers
from ordersync_erp_sapb1.service import Service, any_of, parsed, quoted
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import Document

__all__ = ["ORDERS", "Desk", "Standing"]

ORDERS = "Orders"
DRAFTS = "Drafts"
PREVIEW = "OrdersService_Preview"
CHUNK = 10
"""Keys per filter."""
CORRECTIONS = 3
LARGEST_CORRECTION = 5
"""In minor units, or one per line if that is more. A larger difference is a wrong tax or price, not rounding."""
_GENERATED = {"dasGenerated", "dasGeneratedbyAuthorizer"}
_OF_ORDERS = {"oOrders", "17", ""}


@dataclass(frozen=True)
class Standing:
    """An order; `waits` for approval, as long as it is a draft. Once approved it is another document with another
    number; it keeps the id of the draft here, which stays behind as generated."""

    document: Document
    waits: bool = False


class Desk:
    """Writes and finds orders of one company."""

    def __init__(
        self, service: Service, catalog: Catalog, buyers: Buyers, settings: SapB1Settings, access: Access
    ) -> None:
        self._service = service
        self._catalog = catalog
        self._buyers = buyers
        self._settings = settings
        self._clock = access.clock
        self._zone = ZoneInfo(settings.timezone)

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """What stands under each key: among the orders, else among the drafts, where approval procedures keep them.

        Both fields that may hold keys are searched, so that a changed setting loses nothing; hits are compared exactly.
        """
        found = self._carrying(keys, ORDERS, DRAFTS)
        orders, drafts = found[ORDERS], found[DRAFTS]
        return [self._found(key, orders.get(key, []), drafts.get(key, [])) for key in keys]

    def _carrying(self, keys: Sequence[str], *entity_sets: str) -> dict[str, dict[str, list[Document]]]:
        """Entity set → key → what carries it there."""
        own = self._settings.key_field
        user_defined = own != "NumAtCard"
        wanted = sorted(set(keys))
        wheres = []
        for first in range(0, len(wanted), CHUNK):
            part = wanted[first : first + CHUNK]
            conditions = [f"endswith(NumAtCard,{quoted(key)})" for key in part]
            if user_defined:
                conditions += [f"{own} eq {quoted(key)}" for key in part]
            wheres.append(any_of(conditions))
        found: dict[str, dict[str, list[Document]]] = {}
        hits = self._service.found(Document, wheres, of=entity_sets, more=[own] if user_defined else [])
        for entity_set, rows in hits.items():
            by_key: dict[str, dict[int, Document]] = {key: {} for key in wanted}
            for row in rows:
                key = key_of(row.NumAtCard, str(row.own.get(own) or ""))
                if key in by_key:
                    by_key[key][row.DocEntry] = row
            found[entity_set] = {key: list(documents.values()) for key, documents in by_key.items()}
        return found

    def _found(self, key: str, orders: list[Document], drafts: list[Document]) -> Outcome[Placed | None]:
        live = [row for row in orders if row.Cancelled != "tYES"] or orders
        if len(live) > 1:
            return Failed(
                Ambiguous(
                    "Several orders of SAP Business One carry this key.",
                    candidates=tuple(str(row.DocNum or row.DocEntry) for row in live),
                    remedy="Cancel all but one.",
                )
            )
        ours = [row for row in drafts if row.DocObjectCode in _OF_ORDERS]
        waiting = [row for row in ours if row.AuthorizationStatus not in _GENERATED]
        if not live:
            return Done(self._placed(waiting[0], key, draft=True) if waiting else None)
        placed = self._placed(live[0], key)
        if len(ours) > len(waiting):
            before = next(row for row in ours if row not in waiting)
            placed = placed.model_copy(
                update={"ref": OrderRef(id=f"{DRAFT}{before.DocEntry}", number=placed.ref.number)}
            )
        return Done(placed)

    def _placed(self, document: Document, key: str, *, draft: bool = False) -> Placed:
        code = document.DocCurrency or self._catalog.local
        return placed_of(document, key, self._catalog.iso(code), self._catalog.local, draft=draft)

    def standing(self, ref: OrderRef) -> Standing:
        """The order, or the draft, as it stands. Raises NotFound if it is gone."""
        gone = NotFound(f"SAP Business One has no order {ref.number or ref.id} any more.")
        if not ref.id.startswith(DRAFT):
            found = self._service.one(Document, int(ref.id), of=ORDERS)
            if found is None:
                raise gone
            return Standing(found)
        draft = self._service.one(Document, int(ref.id.removeprefix(DRAFT)), of=DRAFTS)
        if draft is None:
            raise gone
        if draft.AuthorizationStatus not in _GENERATED:
            return Standing(draft, waits=True)
        orders = self._carrying([self._key(draft)], ORDERS)[ORDERS]
        for document in orders.get(self._key(draft), []):
            return Standing(document)
        raise gone

    def _key(self, document: Document) -> str:
        return key_of(document.NumAtCard, str(document.own.get(self._settings.key_field) or "")) or ""

    def placed(self, ref: OrderRef) -> Placed:
        """The order as it stands, in our words, under the id that it has had from the beginning."""
        standing = self.standing(ref)
        placed = self._placed(standing.document, self._key(standing.document), draft=standing.waits)
        return placed.model_copy(update={"ref": OrderRef(id=ref.id, number=placed.ref.number)})

    # -- creating ---------------------------------------------------------------------------------------------

    def create(self, drafts: Sequence[Draft]) -> list[Outcome[Placed]]:
        """Each draft's totals are asked for first; those that agree are created, several in one change set.

        Raises BatchRefused if the change set was refused (nothing was made), InDoubt if what became of it is not known.
        """
        prepared = self._prepared(drafts)
        bodies = [
            (draft, body) for draft, body in zip(drafts, prepared, strict=True) if isinstance(body, dict)
        ]
        made: Iterator[Outcome[Placed]] = iter(())
        if len(bodies) == 1:
            made = iter([self._create_one(*bodies[0])])
        elif bodies:
            made = iter(self._create_together(bodies))
        return [body if isinstance(body, Failed) else next(made) for body in prepared]

    def _prepared(self, drafts: Sequence[Draft]) -> list[dict[str, Any] | Failed]:
        """A body for each draft, or why there is none. What they ask in the same round goes in one request."""
        talks = [self._agreed(draft) for draft in drafts]
        done: dict[int, dict[str, Any] | Failed] = {}
        heard: dict[int, Totals | OrderSyncError | None] = dict.fromkeys(range(len(drafts)))
        while heard:
            asked: dict[int, Mapping[str, Any]] = {}
            for i, computed in heard.items():
                try:
                    if isinstance(computed, OrderSyncError):
                        raise computed
                    asked[i] = talks[i].send(computed)
                except StopIteration as agreed:
                    done[i] = agreed.value
                except AccessDenied:
                    raise
                except OrderSyncError as error:
                    if isinstance(error, Refused):
                        self._catalog.forget()
                    done[i] = Failed(error)
            told = self._previews([(drafts[i], body) for i, body in asked.items()])
            heard = dict(zip(asked, told, strict=True))
        return [done[i] for i in range(len(drafts))]

    def _agreed(self, draft: Draft) -> Generator[Mapping[str, Any], Totals | None, dict[str, Any]]:
        """A body that comes to the draft's totals; asks what bodies would come to on the way.

        What SAP Business One rounds otherwise is corrected, at most `CORRECTIONS` times; if that leads nowhere, shipping
        goes as a line instead of a freight, whose tax may be rounded apart. Raises Refused if it would still compute
        something else.
        """
        asked = self._asked(draft)
        if not self._settings.preview:
            return document_of(draft, asked)
        first: Totals | None = None
        shipped = any(line.kind is LineKind.SHIPPING for line in draft.lines)
        for expense in (asked.shipping_expense, None) if shipped else (None,):
            correction = Correction()
            for _ in range(CORRECTIONS + 1):
                body = document_of(draft, replace(asked, shipping_expense=expense), correction)
                computed = yield body
                assert computed is not None
                if computed == draft.expected:
                    return body
                first = first or computed
                net, tax = draft.expected.net - computed.net, draft.expected.tax - computed.tax
                bound = minor_unit(draft.currency) * max(LARGEST_CORRECTION, len(draft.lines))
                if not self._settings.corrections or max(abs(net), abs(tax)) > bound:
                    break
                correction = Correction(correction.net + net, correction.tax + tax)
        assert first is not None
        expected = draft.expected
        raise Refused(
            f"SAP Business One would compute net {first.net} and tax {first.tax} {draft.currency}, "
            f"the order has {expected.net} and {expected.tax}; nothing was sent.",
            remedy="Compare tax codes, decimal places and the rounding of taxes, or enter the order by hand.",
        )

    def _previews(self, asked: Sequence[tuple[Draft, Mapping[str, Any]]]) -> list[Totals | OrderSyncError]:
        """What each document would come to, many in one `$batch`; saves nothing (manual, `OrdersService_Preview`).

        The first that fails ends a batch: the rest go in another. What was not refused but failed is asked by itself, with
        patience, and a new session if need be; so is each where the Service Layer does not answer so.
        """
        told: list[Totals | OrderSyncError] = []
        while len(left := asked[len(told) :]) > 1:
            operations = [Operation("POST", PREVIEW, {"Document": body}) for _, body in left]
            try:
                parts = self._service.in_turn(operations)
            except AccessDenied:
                raise
            except (Refused, UnexpectedReply):
                parts = None
            except OrderSyncError as error:
                return [*told, *[error] * len(left)]
            keys = [draft.key for draft, _ in left]
            if parts is None or not _of_these(parts, keys, self._settings.key_field):
                break
            told += [self._told(part, *ask) for part, ask in zip(parts, left, strict=False)]
        return told + [self._preview(draft, body) for draft, body in left]

    def _told(self, part: Part, draft: Draft, body: Mapping[str, Any]) -> Totals | OrderSyncError:
        try:
            error = verdicts(Reply(part.status, {}, b"", part.data, ""), True)
            if error is None:
                return self._computed(part.data, draft.currency)
            return error if isinstance(error, Refused) else self._preview(draft, body)
        except UnexpectedReply as unread:
            return unread

    def _preview(self, draft: Draft, body: Mapping[str, Any]) -> Totals | OrderSyncError:
        try:
            answer = self._service.send("POST", PREVIEW, {"Document": body}, changes=False)
            return self._computed(answer, draft.currency)
        except OrderSyncError as error:
            return error

    def _computed(self, answer: Any, iso: str) -> Totals:
        if not isinstance(answer, dict):
            raise UnexpectedReply("The preview answers no document.")
        document = parsed(Document, {**answer, "DocEntry": answer.get("DocEntry") or 0})
        return totals_of(document, iso, self._catalog.local)

    def _asked(self, draft: Draft) -> Asked:
        settings, catalog = self._settings, self._catalog
        country = draft.shipping.country if draft.shipping else None
        currency = catalog.currency(draft.currency)
        placed_on = draft.placed_at.astimezone(self._zone).date()
        today = self._clock.now().astimezone(self._zone).date()
        kinds = {line.kind for line in draft.lines}

        def tax_code(taxes: tuple[Tax, ...]) -> str:
            return catalog.tax_code([tax.rate for tax in taxes if tax.rate], country, placed_on)

        return Asked(
            currency=currency,
            foreign=currency != catalog.local,
            tax_field=catalog.tax_field,
            tax_code=tax_code,
            addresses={
                **self._buyers.inline("ShipTo", draft.shipping),
                **self._buyers.inline("BillTo", draft.billing),
            },
            shipping_expense=catalog.expense(settings.shipping_expense)
            if LineKind.SHIPPING in kinds
            else None,
            rounding_expense=lambda: catalog.expense(settings.rounding_expense),
            tax_expense=lambda: catalog.expense(settings.tax_expense),
            custom_item=settings.custom_item,
            price_digits=catalog.admin.PriceAccuracy or 2,
            posting_date=today if settings.posting_date == "today" else placed_on,
            placed_on=placed_on,
            due_days=settings.due_days,
            key_field=settings.key_field,
            warehouse=settings.warehouse,
            series=settings.series,
            branch=settings.branch,
        )

    def _create_one(self, draft: Draft, body: Mapping[str, Any]) -> Outcome[Placed]:
        try:
            answer = self._service.send("POST", ORDERS, body)
        except NotFound as error:
            return self._after_no_record(draft, error)
        except Refused as error:
            self._catalog.forget()
            return Failed(error)
        except OrderSyncError as error:
            return Failed(error)
        return self._made(draft, answer)

    def _made(self, draft: Draft, answer: Any) -> Outcome[Placed]:
        try:
            document = parsed(Document, answer if isinstance(answer, dict) else {})
            if document.AuthorizationStatus == "dasPending":
                (found,) = self.find([draft.key])
                if not isinstance(found, Done) or found.value is None:
                    raise UnexpectedReply("An order that waits for approval is not found.")
                return Done(found.value)
            return Done(self._placed(document, draft.key))
        except UnexpectedReply as error:
            return Failed(InDoubt(f"{error.message} Whether the order was made is not known."))

    def _after_no_record(self, draft: Draft, error: NotFound) -> Outcome[Placed]:
        """-2028 has two meanings: something that the order names is not there; or an approval procedure made a draft
        of it, which cannot be read as an order (service reference, Orders). So it is looked for, and never repeated."""
        try:
            (found,) = self.find([draft.key])
        except OrderSyncError as trouble:
            return Failed(
                InDoubt(f"{error.message} Whether a draft was made could not be seen: {trouble.message}")
            )
        if isinstance(found, Failed):
            return found
        if found.value is None:
            self._catalog.forget()
            return Failed(error)
        return Done(found.value)

    def _create_together(self, bodies: Sequence[tuple[Draft, Mapping[str, Any]]]) -> list[Outcome[Placed]]:
        parts = self._service.together([Operation("POST", ORDERS, body) for _, body in bodies])
        failed = next((part for part in parts if part.status >= 400), None)
        if failed is not None:
            return self._after_failure(failed, [draft for draft, _ in bodies])
        if len(parts) != len(bodies):
            raise InDoubt("The answer to a batch is incomplete. Whether its orders were made is not known.")
        numbered = {part.content_id: part for part in parts}
        ordered = [numbered.get(number, parts[number - 1]) for number in range(1, len(bodies) + 1)]
        return [self._made(draft, part.data) for (draft, _), part in zip(bodies, ordered, strict=True)]

    def _after_failure(self, part: Part, drafts: Sequence[Draft]) -> list[Outcome[Placed]]:
        """A change set was refused. If -2028 is why, drafts may stand all the same: they are looked for; only if there
        are none was nothing made. Raises what else is wrong."""
        error = verdicts(Reply(part.status, {}, b"", part.data, ""), False)
        found: list[Outcome[Placed | None]] = []
        if error is None or isinstance(error, NotFound):
            said = error.message if error else "A part of a batch failed."
            try:
                found = self.find([draft.key for draft in drafts])
            except OrderSyncError as trouble:
                raise InDoubt(
                    f"{said} Whether drafts were made could not be seen: {trouble.message}"
                ) from None
            error = error or Refused(said)
        if any(isinstance(each, Failed) or each.value is not None for each in found):
            missing = Failed(InDoubt(f"{error.message} Of this batch only some orders are found."))
            return [
                each if isinstance(each, Failed) else Done(each.value) if each.value else missing
                for each in found
            ]
        if isinstance(error, Refused):
            self._catalog.forget()
            raise BatchRefused(error.message, fields=error.fields, remedy=error.remedy)
        raise error

    # -- one more line ----------------------------------------------------------------------------------------

    def add_line(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        """One more row of an order that stands, unless one with its position is there; guarded by the ETag.

        A PATCH merges: rows without a LineNum are appended (manual, 3.5.3). Raises TryLater if the order changed
        meanwhile, Refused, InDoubt.
        """
        standing = self.standing(ref)
        entity_set, entry = DRAFTS if standing.waits else ORDERS, standing.document.DocEntry
        reply = self._service.reply(entity_set, entry)
        if reply is None:
            raise NotFound(f"SAP Business One has no order {ref.number or ref.id} any more.")
        document = parsed(Document, reply.data)
        row_there = _row_at(document, line.position)
        if row_there is not None:
            return row_there
        iso = self._catalog.iso(document.DocCurrency or self._catalog.local)
        paid = line.amounts.list_amount - line.amounts.discount
        included = bool(line.amounts.tax) and paid == line.amounts.gross
        row = line_of(line, iso, included, self._line_terms(document))
        tag = reply.headers.get("etag", "")
        self._service.send(
            "PATCH",
            f"{entity_set}({entry})",
            {"DocumentLines": [row]},
            headers={"if-match": tag} if tag else None,
        )
        added = _row_at(self.standing(ref).document, line.position)
        if added is None:
            raise UnexpectedReply("SAP Business One does not show a line that it has just taken.")
        return added

    def _line_terms(self, document: Document) -> Asked:
        catalog = self._catalog
        ship = document.AddressExtension.ShipToCountry if document.AddressExtension else ""
        country = catalog.country_iso(ship) if ship else None
        day = document.TaxDate or document.DocDate or self._clock.now().astimezone(self._zone).date()
        return Asked(
            currency=document.DocCurrency,
            foreign=document.DocCurrency != catalog.local,
            tax_field=catalog.tax_field,
            tax_code=lambda taxes: catalog.tax_code([tax.rate for tax in taxes if tax.rate], country, day),
            addresses={},
            shipping_expense=None,
            rounding_expense=lambda: 0,
            tax_expense=lambda: 0,
            custom_item=self._settings.custom_item,
            price_digits=catalog.admin.PriceAccuracy or 2,
            posting_date=day,
            placed_on=day,
            warehouse=self._settings.warehouse,
        )


def _of_these(parts: Sequence[Part], keys: Sequence[str], own: str) -> bool:
    """Whether no answer carries another key than the draft at its place."""
    said = [
        key_of(str(part.data.get("NumAtCard") or ""), str(part.data.get(own) or ""))
        if isinstance(part.data, dict)
        else None
        for part in parts
    ]
    return all(key in (None, wanted) for key, wanted in zip(said, keys, strict=False))


def _row_at(document: Document, position: int) -> PlacedLine | None:
    for row in document.DocumentLines:
        if position in positions_of(row.FreeText):
            return PlacedLine(id=str(row.LineNum), position=position)
    return None
