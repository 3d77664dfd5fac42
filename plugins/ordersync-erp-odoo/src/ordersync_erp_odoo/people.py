"""Customers and their addresses: found, or made under an external id, so that asking twice makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ordersync import (
    Address,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Failed,
    OrderSyncError,
    Refused,
    e164,
)
from ordersync_erp_odoo.catalog import Catalog
from ordersync_erp_odoo.loading import Loader
from ordersync_erp_odoo.mapping import (
    MODULE,
    PARTNER_COLUMNS,
    Postal,
    partner_cells,
    postal_of,
    same_address,
)
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.wire import PartnerRow

__all__ = ["Buyers", "Parties"]


@dataclass(frozen=True)
class Parties:
    """The three partners of an order: always given, since Odoo would pick some invoice or delivery address."""

    partner: int
    invoice_to: int
    deliver_to: int


@dataclass(frozen=True)
class _Wanted:
    xid: str
    parent: int
    use: str
    postal: Postal


class Buyers:
    """Partners of one company."""

    def __init__(self, odoo: Odoo, catalog: Catalog, loader: Loader) -> None:
        self._odoo = odoo
        self._catalog = catalog
        self._loader = loader
        self._made: set[int] = set()
        """Partners that were written here; a replica may not show them yet."""

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, asks: Sequence[CustomerAsk]) -> list[CustomerRef | None]:
        """Each customer by e-mail, else by phone. Of several the one that carries the key, else the oldest."""
        by_email = self._by_email([ask.customer.email for ask in asks if ask.customer.email])
        left = [ask for ask in asks if _plain_email(ask.customer.email) not in by_email]
        by_phone = self._by_phone([phone for ask in left if (phone := _phone(ask.customer))])
        matches: list[list[PartnerRow]] = []
        for ask in asks:
            mail, phone = _plain_email(ask.customer.email), _phone(ask.customer)
            hits = by_email.get(mail) or [
                row
                for row in by_phone.get(phone or "", [])
                if not mail or row.email_normalized in (None, mail)
            ]
            matches.append(hits)
        several = {row.id for hits in matches if len(hits) > 1 for row in hits}
        stamps = self._odoo.external_ids("res.partner", several)
        found: list[CustomerRef | None] = []
        for ask, hits in zip(asks, matches, strict=True):
            stamp = _customer_xid(ask.key)
            best = min(
                hits,
                key=lambda row: (stamps.get(row.id) != stamp, row.parent_id is not None, row.id),
                default=None,
            )
            found.append(CustomerRef(id=str(best.id)) if best else None)
        return found

    def _by_email(self, emails: Sequence[str]) -> dict[str, list[PartnerRow]]:
        wanted = sorted({_plain_email(email) for email in emails})
        if not wanted:
            return {}
        domain = [
            ["email_normalized", "in", wanted],
            "|",
            ["parent_id", "=", False],
            ["type", "=", "contact"],
        ]
        hits: dict[str, list[PartnerRow]] = {}
        for row in self._odoo.search(PartnerRow, domain):
            if row.email_normalized in wanted:
                hits.setdefault(str(row.email_normalized), []).append(row)
        return hits

    def _by_phone(self, phones: Sequence[str]) -> dict[str, list[PartnerRow]]:
        wanted = sorted(set(phones))
        if not wanted:
            return {}
        sanitized = self._odoo.has("res.partner", "phone_sanitized")
        same: list[Any] = [["phone", "in", wanted]]
        if sanitized:
            same = ["|", *same, ["phone_sanitized", "in", wanted]]
        hits: dict[str, list[PartnerRow]] = {}
        for row in self._odoo.search(PartnerRow, [["parent_id", "=", False], *same]):
            for number in {row.phone, row.phone_sanitized} & set(wanted):
                hits.setdefault(str(number), []).append(row)
        return hits

    # -- making -----------------------------------------------------------------------------------------------

    def create(self, asks: Sequence[CustomerAsk]) -> list[CustomerRef]:
        """Make them all or none; a key that has been used answers its partner, brought up to date.

        Raises BatchRefused (Refused for a single one) with Odoo's messages, InDoubt if the answer was lost.
        """
        columns, rank = self._columns()
        rows: dict[str, list[str]] = {}
        for ask in asks:
            customer = ask.customer
            company = customer.company
            address = customer.address or Address()
            postal = self._postal(
                address, name=customer.name or customer.email or customer.phone or "Customer"
            )
            if customer.name and not company:
                postal = _named(postal, customer.name)
            cells = partner_cells(
                _customer_xid(ask.key), postal, company=company, email=customer.email, phone=customer.phone
            )
            rows[ask.key] = [*cells, *rank]
        ids = self._loader.load("res.partner", columns, [[row] for row in rows.values()])
        self._made.update(ids)
        by_key = dict(zip(rows, ids, strict=True))
        return [CustomerRef(id=str(by_key[ask.key])) for ask in asks]

    def _columns(self) -> tuple[list[str], list[str]]:
        if self._odoo.has("res.partner", "customer_rank"):
            return [*PARTNER_COLUMNS, "customer_rank"], ["1"]
        return PARTNER_COLUMNS, []

    # -- the parties of orders --------------------------------------------------------------------------------

    def parties(self, drafts: Sequence[Draft]) -> list[Done[Parties] | Failed]:
        """The partners of each draft; addresses that are new are made below the customer, whose own stays as it is.

        Reading and making is done for all drafts at once. A new address carries an external id of the order's key and
        its own digest: the same order asked again makes no second one, and what a person edited is not overwritten by
        another order.
        """
        ids = {int(draft.customer_ref.id) for draft in drafts if draft.customer_ref}
        family = ["|", ["id", "in", sorted(ids)], ["parent_id", "in", sorted(ids)]]
        known = self._odoo.until(
            lambda: {row.id: row for row in self._odoo.search(PartnerRow, family)},
            lambda rows: self._made & ids <= rows.keys(),
        )
        new: dict[str, _Wanted] = {}
        plans: list[tuple[int, int | str, int | str] | OrderSyncError] = []
        for draft in drafts:
            try:
                plans.append(self._plan(draft, known, new))
            except Refused as refused:
                plans.append(refused)
        made = self._make(list(new.values()))
        outcomes: list[Done[Parties] | Failed] = []
        for plan in plans:
            if isinstance(plan, OrderSyncError):
                outcomes.append(Failed(plan))
                continue
            partner, invoice, delivery = plan
            ends = [made[each] if isinstance(each, str) else each for each in (invoice, delivery)]
            failed = next((each for each in ends if isinstance(each, OrderSyncError)), None)
            if failed:
                outcomes.append(Failed(failed))
            else:
                outcomes.append(Done(Parties(partner, *(each for each in ends if isinstance(each, int)))))
        return outcomes

    def _plan(
        self, draft: Draft, known: Mapping[int, PartnerRow], new: dict[str, _Wanted]
    ) -> tuple[int, int | str, int | str]:
        """The partner's id, and for both addresses an id or the external id of one to make."""
        ref = draft.customer_ref
        if ref is None:
            raise Refused("Odoo takes no order without a customer.", remedy="Let the route create guests.")
        partner = known.get(int(ref.id))
        if partner is None:
            raise Refused(
                f"Odoo's customer {ref.id} is archived or gone.",
                remedy="Reactivate it in Odoo, or forget this customer and retry.",
            )
        invoice = self._end(draft, draft.billing, ref.billing_id, "invoice", partner, known, new)
        return (
            partner.id,
            invoice,
            self._end(draft, draft.shipping, ref.shipping_id, "delivery", partner, known, new),
        )

    def _end(
        self,
        draft: Draft,
        address: Address | None,
        given: str | None,
        use: str,
        partner: PartnerRow,
        known: Mapping[int, PartnerRow],
        new: dict[str, _Wanted],
    ) -> int | str:
        if address is None:
            return int(given) if given else partner.id
        postal = self._postal(address, name="")
        if same_address(postal, partner, own=True):
            return partner.id
        for row in known.values():
            ours = row.parent_id is not None and row.parent_id.id == partner.id and row.type != "contact"
            if ours and same_address(postal, row, own=False):
                return row.id
        for wanted in new.values():
            if wanted.parent == partner.id and wanted.postal.digest() == postal.digest():
                return wanted.xid
        xid = f"{MODULE}.{draft.key}_a{postal.digest(str(partner.id))}"
        new[xid] = _Wanted(xid, partner.id, use, postal)
        return xid

    def _make(self, wanted: list[_Wanted]) -> dict[str, int | OrderSyncError]:
        rows = [[partner_cells(each.xid, each.postal, parent=each.parent, use=each.use)] for each in wanted]
        if not rows:
            return {}
        try:
            ids = self._loader.load("res.partner", PARTNER_COLUMNS, rows, repeatable=True)
        except Refused as refused:
            if len(wanted) == 1:
                return {wanted[0].xid: refused}
            made: dict[str, int | OrderSyncError] = {}
            for each in wanted:
                made.update(self._make([each]))
            return made
        return dict(zip((each.xid for each in wanted), ids, strict=True))

    def _postal(self, address: Address, *, name: str) -> Postal:
        country = state = None
        if address.country:
            country = self._catalog.country(address.country)
            state = self._catalog.state(address.country, address.subdivision, address.region)
        return postal_of(address, name=name, country=country, state=state)


def _named(postal: Postal, name: str) -> Postal:
    return Postal(
        name,
        postal.street,
        postal.street2,
        postal.city,
        postal.zip,
        postal.country,
        postal.state,
        postal.phone,
    )


def _customer_xid(key: str) -> str:
    return f"{MODULE}.{key}"


def _plain_email(email: str | None) -> str:
    return (email or "").strip().lower()


def _phone(customer: Customer) -> str | None:
    if not customer.phone:
        return None
    country = customer.address.country if customer.address else None
    return e164(customer.phone, country) or customer.phone
