"""Orders written: looked for, loaded under their key, read back, corrected until their totals are the draft's."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ordersync import (
    ZERO,
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
    Outcome,
    Placed,
    PlacedLine,
    Refused,
    TryLater,
    UnexpectedReply,
    minor_unit,
)
from ordersync.web import Access
from ordersync_erp_odoo.catalog import Catalog
from ordersync_erp_odoo.loading import Loader
from ordersync_erp_odoo.mapping import (
    Adjusting,
    AskedLine,
    AskedOrder,
    adjusting_line,
    asked_line,
    key_of,
    line_cells,
    line_columns,
    load_rows,
    net_line,
    order_columns,
    order_xid,
    placed_of,
    tax_line,
    totals_of,
)
from ordersync_erp_odoo.naming import Names
from ordersync_erp_odoo.people import Buyers
from ordersync_erp_odoo.rpc import Odoo, price_digits
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.wire import HeadRow, PartnerRow

__all__ = ["Desk"]

CORRECTIONS = 3
"""How often adjustment lines are changed before an order is reported as it is; two were enough in 400 orders."""
LARGEST_CORRECTION = 5
"""In minor units, or one per line if that is more. A larger difference is a wrong tax or price, not rounding."""
JUST_LOOKED = timedelta(minutes=1)
"""How long a key that was looked for and not found need not be looked for again before it is loaded, once."""


class Desk:
    """Writes and finds orders of one company."""

    def __init__(
        self,
        odoo: Odoo,
        catalog: Catalog,
        buyers: Buyers,
        loader: Loader,
        names: Names,
        settings: OdooSettings,
        access: Access,
    ) -> None:
        self._odoo = odoo
        self._catalog = catalog
        self._buyers = buyers
        self._loader = loader
        self._names = names
        self._settings = settings
        self._access = access
        self._lock = threading.Lock()
        self._absent: dict[str, datetime] = {}
        """Keys that were not found, and when they were looked for."""

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """What stands under each key.

        Both fields that may hold keys are searched, so a changed setting loses nothing; the external id decides, so
        a copy that a person made of an order does not count. A key without its external id is Ambiguous.
        """
        wanted = sorted(set(keys))
        since = self._access.clock.now()
        domain = ["|", ["origin", "in", wanted], ["client_order_ref", "in", wanted]]
        heads = self._odoo.search(HeadRow, domain)
        xids = self._odoo.external_ids("sale.order", [head.id for head in heads])
        ours = {key: head for head in heads if (key := key_of(xids.get(head.id))) in wanted and key}
        strays: dict[str, list[HeadRow]] = {}
        for head in heads:
            for key in {head.origin, head.client_order_ref} & set(wanted):
                if key and key not in ours and head.id not in xids and head.state != "cancel":
                    strays.setdefault(key, []).append(head)
        placed = dict(zip(ours, self.placed(list(ours.values()), list(ours)), strict=True))
        found = [self._found(key, placed, strays) for key in keys]
        self._not_found((key for key, each in zip(keys, found, strict=True) if each == Done(None)), since)
        return found

    def _not_found(self, keys: Iterable[str], since: datetime) -> None:
        with self._lock:
            fresh = {key: then for key, then in self._absent.items() if since - then < JUST_LOOKED}
            self._absent = fresh | dict.fromkeys(keys, since)

    def _looked_for(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that were looked for just now and not found. Each look counts once."""
        now = self._access.clock.now()
        with self._lock:
            looks = {key: self._absent.pop(key, None) for key in keys}
        return {key for key, then in looks.items() if then is not None and now - then < JUST_LOOKED}

    @staticmethod
    def _found(
        key: str, placed: Mapping[str, Placed], strays: Mapping[str, list[HeadRow]]
    ) -> Outcome[Placed | None]:
        if key in placed or key not in strays:
            return Done(placed.get(key))
        return Failed(
            Ambiguous(
                "Odoo has orders that carry this key but were not made under it.",
                candidates=tuple(head.name for head in strays[key]),
                remedy="Look whether one of them is a copy of a deleted order, and empty its reference.",
            )
        )

    def placed(self, heads: Sequence[HeadRow], keys: Sequence[str]) -> list[Placed]:
        """These orders with their lines named by position."""
        lines = self._names.lines(line for head in heads for line in head.order_line)
        return [placed_of(head, key, lines) for head, key in zip(heads, keys, strict=True)]

    def head(self, ref: OrderRef) -> HeadRow:
        """The order as it stands. Raises NotFound if it is gone."""
        found = self._odoo.read(HeadRow, [int(ref.id)])
        if not found:
            raise NotFound(f"Odoo has no order {ref.number or ref.id} any more.")
        return found[0]

    # -- creating ---------------------------------------------------------------------------------------------

    def create(self, drafts: Sequence[Draft]) -> list[Outcome[Placed]]:
        """Each draft's order as an unconfirmed quotation; what stands already under a key is answered as it is.

        A load overwrites a quotation that stands, so a key is looked for before it, unless it was just now.

        Orders that cannot be put into Odoo's terms fail by themselves; the others are written all or none. Raises
        Refused (BatchRefused for several), TryLater, InDoubt.
        """
        outcomes: dict[int, Outcome[Placed]] = {}
        absent = self._looked_for(draft.key for draft in drafts)
        unsure = [i for i, draft in enumerate(drafts) if draft.key not in absent]
        standing = self.find([drafts[i].key for i in unsure]) if unsure else []
        self._looked_for(drafts[i].key for i in unsure)
        for i, found in zip(unsure, standing, strict=True):
            if isinstance(found, Failed):
                outcomes[i] = found
            elif found.value is not None:
                outcomes[i] = Done(found.value)
        new = [i for i in range(len(drafts)) if i not in outcomes]
        asked: dict[int, AskedOrder] = {}
        for i, order in zip(new, self._asked([drafts[i] for i in new]), strict=True):
            if isinstance(order, Failed):
                outcomes[i] = order
            else:
                asked[i] = order.value
        try:
            self._create_all(asked, outcomes)
        except Refused:
            if self._stand_already([drafts[i].key for i in asked if i not in outcomes]):
                return self.create(drafts)
            self._catalog.forget()
            raise
        return [outcomes[i] for i in range(len(drafts))]

    def _create_all(self, asked: Mapping[int, AskedOrder], outcomes: dict[int, Outcome[Placed]]) -> None:
        """Write the orders in one load; in two if only some have a note, since a load knows no absent cell.

        If the first load is refused nothing was made, and that is raised. If the second one is, its orders are written
        one by one.
        """
        groups = [
            {i: order for i, order in asked.items() if bool(order.draft.note) is noted}
            for noted in (False, True)
        ]
        made = False
        for group in filter(None, groups):
            places = list(group)
            try:
                placed = self._write(list(group.values()))
            except Refused as refused:
                if made:
                    self._create_each(group, outcomes)
                    continue
                if isinstance(refused, BatchRefused) and refused.index is not None:
                    refused.index = places[refused.index]
                raise
            outcomes.update(zip(places, map(Done, placed), strict=True))
            made = True

    def _create_each(self, asked: Mapping[int, AskedOrder], outcomes: dict[int, Outcome[Placed]]) -> None:
        for i, order in asked.items():
            try:
                outcomes[i] = Done(self._write([order])[0])
            except Refused as refused:
                outcomes[i] = Failed(refused)

    def _stand_already(self, keys: Sequence[str]) -> bool:
        """Whether a twin was faster: then the refusal was the guard that keeps a confirmed order from overwriting."""
        return any(isinstance(found, Failed) or found.value is not None for found in self.find(keys))

    def _write(self, orders: Sequence[AskedOrder]) -> list[Placed]:
        warehouse, team = self._catalog.warehouse, self._catalog.sales_team
        columns = [
            *order_columns(
                note=bool(orders[0].draft.note), warehouse=warehouse is not None, team=team is not None
            ),
            *line_columns(self._tax_field),
        ]
        records = [
            load_rows(
                order,
                company=self._catalog.company.id,
                key_field=self._settings.key_field,
                warehouse=warehouse,
                team=team,
            )
            for order in orders
        ]
        ids = self._loader.load("sale.order", columns, records)
        self._names.remember_orders(
            {each: order_xid(order.draft.key) for each, order in zip(ids, orders, strict=True)}
        )
        heads = self._heads(ids)
        heads = self._corrected(heads, dict(zip(ids, orders, strict=True)))
        return self.placed(heads, [order.draft.key for order in orders])

    def _heads(self, ids: Sequence[int], before: Mapping[int, HeadRow] | None = None) -> list[HeadRow]:
        """These orders in this order, as they are after a write; those in `before` look otherwise by now.

        Where a replica answers what is read, a write shows only later: it is given some time. Raises InDoubt if an
        order does not show at all: it was deleted by a person, or is hidden from the user.
        """
        old = before or {}
        found = self._odoo.until(
            lambda: {head.id: head for head in self._odoo.read(HeadRow, ids)},
            lambda heads: all(each in heads and heads[each] != old.get(each) for each in ids),
        )
        if set(ids) - set(found):
            raise InDoubt(
                "Odoo does not show an order that it has just written.",
                remedy="Check the user's rights: all documents, not only its own.",
            )
        return [found[each] for each in ids]

    # -- totals -----------------------------------------------------------------------------------------------

    def _corrected(self, heads: list[HeadRow], orders: Mapping[int, AskedOrder]) -> list[HeadRow]:
        """Change the adjustment lines of orders that came out otherwise than foreseen, and read again."""
        extra: dict[int, tuple[Decimal, Decimal]] = {}
        for _ in range(CORRECTIONS):
            records = []
            wanted: set[int] = set()
            for head in heads:
                order = orders[head.id]
                lines = self._correction(head, order.draft, extra)
                if lines:
                    wanted.add(head.id)
                    guard = [order_xid(order.draft.key), str(order.pricelist or "")]
                    records.append(
                        [[*(guard if not i else ["", ""]), *line_cells(line)] for i, line in enumerate(lines)]
                    )
            if not records:
                break
            columns = ["id", "pricelist_id/.id", *line_columns(self._tax_field)]
            try:
                self._loader.load("sale.order", columns, records)
            except (Refused, TryLater) as error:
                self._access.log.warning("totals could not be corrected: %s", error)
                break
            changed = {head.id: head for head in heads if head.id in wanted}
            heads = self._heads([head.id for head in heads], changed)
        return heads

    def _correction(
        self, head: HeadRow, draft: Draft, extra: dict[int, tuple[Decimal, Decimal]]
    ) -> list[AskedLine]:
        """The adjustment lines to write, with `extra` kept up to date; none if the totals agree or differ too much."""
        totals, expected = totals_of(head), draft.expected
        net, tax = expected.net - totals.net, expected.tax - totals.tax
        bound = minor_unit(draft.currency) * max(LARGEST_CORRECTION, len(draft.lines))
        too_much = max(abs(net), abs(tax)) > bound
        if not (net or tax) or too_much or head.state == "cancel" or totals.currency != expected.currency:
            return []
        before = extra.get(head.id, (ZERO, ZERO))
        extra[head.id] = (before[0] + net, before[1] + tax)
        wanted = []
        if net:
            wanted.append(adjusting_line(draft, LineKind.ADJUST_NET, extra[head.id][0]))
        if tax:
            wanted.append(adjusting_line(draft, LineKind.ADJUST_TAX, extra[head.id][1]))
        try:
            return [self._adjusting(each, draft.currency) for each in wanted]
        except Refused as refused:
            self._access.log.warning("totals could not be corrected: %s", refused)
            return []

    def _adjusting(self, line: Adjusting, currency: str) -> AskedLine:
        product = self._catalog.service_product(self._settings.rounding_product)
        if line.kind is LineKind.ADJUST_NET:
            return net_line(line.xid, "Rounding adjustment", line.amount, product, price_digits(self._odoo))
        taxes = (self._fixed_tax(currency, line.amount),)
        return tax_line(line.xid, "Tax rounding adjustment", line.amount, product, taxes, currency)

    # -- in Odoo's terms --------------------------------------------------------------------------------------

    @property
    def _tax_field(self) -> str:
        return "tax_ids" if self._odoo.has("sale.order.line", "tax_ids") else "tax_id"

    def _asked(self, drafts: Sequence[Draft]) -> list[Done[AskedOrder] | Failed]:
        if not drafts:
            return []
        answers: list[Done[AskedOrder] | Failed] = []
        for draft, parties in zip(drafts, self._buyers.parties(drafts), strict=True):
            if isinstance(parties, Failed):
                answers.append(parties)
                continue
            try:
                if not draft.lines:
                    raise Refused("An order without lines is not sent.")
                country = draft.shipping.country if draft.shipping else None
                lines = tuple(
                    self._asked_line(line, draft.key, draft.currency, draft.taxes_included, country)
                    for line in draft.lines
                )
                pricelist = self._catalog.pricelist(draft.currency)
            except Refused as refused:
                self._catalog.forget()
                answers.append(Failed(refused))
                continue
            who = parties.value
            order = AskedOrder(draft, who.partner, who.invoice_to, who.deliver_to, pricelist, lines)
            answers.append(Done(order))
        return answers

    def _asked_line(
        self, line: DraftLine, key: str, currency: str, included: bool, country: str | None
    ) -> AskedLine:
        if line.kind in (LineKind.TAX, LineKind.ADJUST_TAX):
            taxes: tuple[int, ...] = (self._fixed_tax(currency, line.amounts.tax),)
        else:
            taxes = self._catalog.tax_ids(line.amounts.taxes, included=included, country=country)
        return asked_line(
            line,
            key=key,
            product=self._product(line),
            taxes=taxes,
            currency=currency,
            price_digits=price_digits(self._odoo),
        )

    def _fixed_tax(self, currency: str, amount: Decimal) -> int:
        found = self._catalog.fixed_tax(currency, negative=amount < 0)
        if found is None:
            unit = -minor_unit(currency) if amount < 0 else minor_unit(currency)
            raise Refused(
                f"Odoo has no fixed sale tax of {unit}, which corrects taxes in {currency}.",
                remedy=f"Create a sale tax of type Fixed with the amount {unit}, not included in the price.",
            )
        return found

    def _product(self, line: DraftLine) -> int:
        settings = self._settings
        if line.item is not None:
            return int(line.item.variant_id or line.item.product_id)
        if line.kind is LineKind.SHIPPING:
            return self._catalog.service_product(settings.shipping_product)
        if line.kind in (LineKind.TAX, LineKind.ROUNDING, LineKind.ADJUST_NET, LineKind.ADJUST_TAX):
            return self._catalog.service_product(settings.rounding_product)
        return self._catalog.service_product(settings.fee_product)

    # -- one more line ----------------------------------------------------------------------------------------

    def add_line(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        """One more line of an order that was made under a key; the same position again changes it in place."""
        head = self.head(ref)
        key = key_of(self._odoo.external_ids("sale.order", [head.id]).get(head.id))
        if key is None or head.currency_id is None:
            raise Refused(f"The order {head.name} was not made by ordersync; lines are not added to it.")
        paid = line.amounts.list_amount - line.amounts.discount
        included = bool(line.amounts.tax) and paid == line.amounts.gross
        asked = self._asked_line(line, key, head.currency_id.name, included, self._country(head))
        columns = ["id", *line_columns(self._tax_field)]
        self._loader.load("sale.order", columns, [[[order_xid(key), *line_cells(asked)]]])
        (placed,) = self.placed([self.head(ref)], [key])
        for each in placed.lines:
            if each.position == line.position:
                return each
        raise UnexpectedReply("Odoo does not show a line that it has just written.")

    def _country(self, head: HeadRow) -> str | None:
        link = head.partner_shipping_id
        rows = self._odoo.read(PartnerRow, [link.id]) if link else []
        country = rows[0].country_id if rows else None
        return self._catalog.country_codes([country.id]).get(country.id) if country else None
