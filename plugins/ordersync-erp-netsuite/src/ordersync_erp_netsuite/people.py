"""Customers: found by key, e-mail or phone; made under their key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ordersync import (
    Ambiguous,
    BatchRefused,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Failed,
    InDoubt,
    OrderSyncError,
    Outcome,
    Refused,
    UnexpectedReply,
    e164,
)
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.jobs import MOST_ALONE, Jobs, stops_all, unknown
from ordersync_erp_netsuite.mapping import customer_body
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, listed, select
from ordersync_erp_netsuite.wire import CustomerRow

__all__ = ["CUSTOMER_COLUMNS", "Buyers"]

CUSTOMER_COLUMNS = (
    "id, externalid, entityid, companyname, firstname, lastname, email, phone, isperson, isinactive"
)


class Buyers:
    """The customers of one account."""

    def __init__(self, suite: Suite, catalog: Catalog, jobs: Jobs, settings: NetSuiteSettings) -> None:
        self._suite = suite
        self._catalog = catalog
        self._jobs = jobs
        self._settings = settings

    def rows(self, ids: Sequence[str]) -> dict[str, CustomerRow]:
        """Customers by id."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        return {row.id: row for row in self._where(f"id IN ({listed(wanted, ids=True)})")}

    def _where(self, condition: str) -> list[CustomerRow]:
        return self._suite.query(CustomerRow, select(CUSTOMER_COLUMNS, "customer", where=condition))

    def find(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef | None]]:
        """One query for all rungs of all; then each ask climbs down its ladder. Inactive ones do not count, but for
        one that was made under the key."""
        keys = sorted({ask.key for ask in asks})
        mails = sorted({mail for ask in asks if (mail := _mail(ask.customer.email))})
        phones = sorted({number for ask in asks for number in _numbers(ask.customer)})
        rungs = [f"externalid IN ({listed(keys)})"]
        if mails:
            rungs.append(f"(isinactive = 'F' AND LOWER(email) IN ({listed(mails)}))")
        if phones:
            rungs.append(f"(isinactive = 'F' AND phone IN ({listed(phones)}))")
        rows = self._where(" OR ".join(rungs)) if asks else []
        if self._settings.subsidiary and mails + phones:
            rows = self._of_subsidiary(rows)
        return [self._chosen(ask, rows) for ask in asks]

    def _of_subsidiary(self, rows: Sequence[CustomerRow]) -> list[CustomerRow]:
        """In OneWorld the same buyer may be one customer per subsidiary: only those of ours."""
        if not rows:
            return []
        ids = listed([row.id for row in rows], ids=True)
        return self._where(f"id IN ({ids}) AND subsidiary = {self._settings.subsidiary}")

    @staticmethod
    def _chosen(ask: CustomerAsk, rows: Sequence[CustomerRow]) -> Outcome[CustomerRef | None]:
        mail, numbers = _mail(ask.customer.email), _numbers(ask.customer)
        hits = [row for row in rows if row.external_id == ask.key]
        if not hits and mail:
            hits = [row for row in rows if not row.inactive and _mail(row.email) == mail]
        if not hits and numbers:
            free = [row for row in rows if not row.inactive and (not mail or not row.email)]
            hits = [row for row in free if row.phone in numbers]
        if len(hits) > 1:
            named = [row for row in hits if _name(row) == ask.customer.name.casefold()]
            hits = named if len(named) == 1 else hits
        if len(hits) > 1:
            return Failed(
                Ambiguous(
                    "Several customers of NetSuite match.",
                    candidates=tuple(row.id for row in hits),
                    remedy="Merge them in NetSuite, or make all but one inactive.",
                )
            )
        return Done(CustomerRef(id=hits[0].id) if hits else None)

    def create(self, customer: Customer, key: str) -> CustomerRef:
        """The customer under its key; one that stands there already is left as it is: NetSuite refuses a second one."""
        try:
            made = self._suite.create("customer", self._body(customer, key))
        except Refused as refused:
            found = self._under(key)
            if found is None:
                raise refused from None
            return found
        if made:
            return CustomerRef(id=made)
        try:
            found = self._under(key)
        except OrderSyncError as error:
            raise unknown(error) from None
        if found is None:
            raise InDoubt("NetSuite does not show a customer that it has just written.")
        return found

    def _under(self, key: str) -> CustomerRef | None:
        found = self._suite.record("customer", f"eid:{key}")
        if found is None:
            return None
        try:
            return CustomerRef(id=CustomerRow.model_validate(found).id)
        except ValidationError:
            raise UnexpectedReply("NetSuite gave a customer that cannot be read.") from None

    def _body(self, customer: Customer, key: str) -> dict[str, Any]:
        currencies = [each for each in self._catalog.currencies().values() if each]
        return customer_body(customer, key, self._settings, currencies)

    def create_many(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef]]:
        """Each ask's customer. A job makes them, one query tells which stand; the rest is made alone, which tells why.

        Raises BatchRefused if the account takes no jobs, and these are too many to be written one by one.
        """
        customers = {ask.key: ask.customer for ask in asks}
        found: dict[str, Outcome[CustomerRef]] = {}
        bodies = [self._body(customer, key) for key, customer in customers.items()]
        try:
            worked = self._jobs.worth(len(bodies)) and self._jobs.work("POST", "customer", bodies)
            standing = self._all_under(list(customers)) if worked else {}
        except OrderSyncError as error:
            return [Failed(error) for _ in asks]
        if not worked and len(bodies) > MOST_ALONE:
            raise BatchRefused("NetSuite does not take so many customers together.")
        over: OrderSyncError | None = None
        for key, customer in customers.items():
            try:
                if over is not None:
                    raise over
                found[key] = Done(standing[key] if key in standing else self.create(customer, key))
            except OrderSyncError as error:
                found[key] = Failed(error)
                over = error if stops_all(error) else over
        return [found[ask.key] for ask in asks]

    def _all_under(self, keys: Sequence[str]) -> dict[str, CustomerRef]:
        try:
            rows = self._where(f"externalid IN ({listed(keys)})")
        except OrderSyncError as error:
            raise unknown(error) from None
        return {row.external_id: CustomerRef(id=row.id) for row in rows if row.external_id}


def _mail(email: str | None) -> str:
    return (email or "").strip().lower()


def _name(row: CustomerRow) -> str:
    person = " ".join(part for part in (row.first_name, row.last_name) if part and part != "-")
    return (person if row.is_person else row.company or person).casefold()


def _numbers(customer: Customer) -> tuple[str, ...]:
    """The phone number as it was given, and as E.164."""
    if not customer.phone:
        return ()
    country = customer.address.country if customer.address else None
    return tuple(dict.fromkeys(filter(None, (customer.phone, e164(customer.phone, country)))))
