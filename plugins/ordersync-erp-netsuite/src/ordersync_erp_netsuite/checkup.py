"""Is everything in order in this account: what the role may read, what a person must still set up."""

from __future__ import annotations

from collections.abc import Iterator

from ordersync import Account, Facts, minor_units
from ordersync_erp_netsuite.account_time import AccountTime
from ordersync_erp_netsuite.catalog import ITEM_COLUMNS, STOCK_COLUMNS, STOCK_TABLE, Catalog
from ordersync_erp_netsuite.people import CUSTOMER_COLUMNS
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, Unreadable, select
from ordersync_erp_netsuite.wire import NamedRow, StockRow

__all__ = ["Checkup"]

TABLES = {
    "transaction": select("id, externalid, lastmodifieddate, type", "transaction"),
    "customer": select(CUSTOMER_COLUMNS, "customer"),
    "item": select(ITEM_COLUMNS, "item"),
    STOCK_TABLE: select(STOCK_COLUMNS, STOCK_TABLE, order="item, location"),
}
"""What the connector asks SuiteQL for: one row of each shows whether the role may."""
_RIGHTS = {
    "transaction": "Transactions > Sales Order (Full) and Find Transaction",
    "customer": "Lists > Customers (Full)",
    "item": "Lists > Items (View)",
    STOCK_TABLE: "Lists > Items and Locations (View)",
}


class Checkup:
    """Looks an account over. Reads only."""

    def __init__(
        self, suite: Suite, catalog: Catalog, time: AccountTime, settings: NetSuiteSettings, facts: Facts
    ) -> None:
        self._suite = suite
        self._catalog = catalog
        self._time = time
        self._settings = settings
        self._facts = facts

    def account(self, *, thorough: bool) -> Account:
        """The account's id is NetSuite's own; `thorough` also tries every table and looks for the items."""
        self._catalog.forget()
        missing = []
        for table, sql in TABLES.items():
            if thorough or table == "transaction":
                try:
                    self._suite.query(StockRow if table == STOCK_TABLE else NamedRow, sql, most=1)
                except Unreadable:
                    if not thorough:
                        raise
                    missing.append(table)
        currencies = frozenset(self._catalog.currencies())
        problems = [f"Give the role the permission {_RIGHTS[table]}." for table in missing]
        warnings: list[str] = []
        if thorough:
            problems += self._setup_problems() if "item" not in missing else []
            warnings += self._warnings()
        return Account(
            id=self._settings.realm,
            name=f"NetSuite {self._settings.realm}",
            scopes=("rest_webservices",) if self._settings.client_id else (),
            missing_scopes=tuple(missing),
            api_version=self._facts.api_version,
            problems=tuple(problems),
            warnings=tuple(warnings),
            facts=self._facts.model_copy(update={"currencies": currencies}),
        )

    def _setup_problems(self) -> Iterator[str]:
        settings = self._settings
        uses = {settings.shipping_item: "shipping", settings.fee_item: "fees and lines without a product"}
        uses[settings.rounding_item] = "rounding"
        if settings.tax != "details":
            uses[settings.tax_item] = "tax that NetSuite does not compute"
        for name, use in uses.items():
            if self._catalog.perhaps(name) is None:
                yield f"Create an untaxed item for sale named {name} (for {use})."
        if settings.tax in ("details", "codes") and not settings.tax_codes:
            yield "Name the tax codes in `tax_codes`: tax is set to be sent with them."

    def _warnings(self) -> Iterator[str]:
        if self._settings.timezone is None:
            yield "No `timezone` is set: order dates are days in UTC."
        elif self._time.disagrees():
            yield "SuiteQL's dates are not in `timezone`: changes are listed by a measured difference instead."
        if self._settings.client_id is None:
            yield (
                "Token-based authentication ends: no new integrations from release 2027.1, tentatively none "
                "from 2028.1. Change to OAuth 2.0."
            )
        if not self._settings.approve:
            yield "Orders stay pending approval: `approve` is off."
        fine = sorted(code for code in self._catalog.currencies() if minor_units(code) > 2)
        for code in fine:
            if self._catalog.digits(code) < minor_units(code):
                yield f"NetSuite keeps {code} with {self._catalog.digits(code)} digits; finer orders are refused."
