"""What is looked up once: company, taxes, pricelists, countries and states, service products, warehouse and team."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from ordersync import BadSettings, Refused, Tax, minor_unit
from ordersync.web import Clock
from ordersync_erp_odoo.rpc import SELDOM, Odoo
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.wire import (
    CompanyRow,
    CountryRow,
    PricelistRow,
    ProductRow,
    StateRow,
    TaxRow,
    TeamRow,
    WarehouseRow,
)

__all__ = ["SAME_RATE", "Catalog"]

T = TypeVar("T")
SAME_RATE = Decimal("0.00005")
"""Rates in percent are the same if closer than this: Odoo keeps four digits (17 and 19)."""


class Catalog:
    """Records of one company that change seldom. Thread-safe; `forget` makes it look again."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, clock: Clock) -> None:
        self._odoo = odoo
        self._clock = clock
        self._settings = settings
        self._lock = threading.RLock()
        self._known: dict[object, tuple[datetime, Any]] = {}

    def _once(self, what: object, look: Callable[[], T]) -> T:
        now = self._clock.now()
        with self._lock:
            known = self._known.get(what)
            if known is None or now - known[0] >= SELDOM:
                known = self._known[what] = (now, look())
            return cast(T, known[1])

    def forget(self) -> None:
        """Look everything up again but the company: Odoo refused something that was remembered."""
        with self._lock:
            self._odoo.forget()
            self._known = {what: known for what, known in self._known.items() if what == "company"}

    def look_again(self) -> CompanyRow:
        """The company as it is now; also proves that the key is still taken."""
        with self._lock:
            self._known.pop("company", None)
            return self.company

    # -- company ----------------------------------------------------------------------------------------------

    @property
    def company(self) -> CompanyRow:
        """The company of the settings, or the only one that the user sees. Every later call is limited to it.

        Raises BadSettings if there is none or a choice.
        """
        return self._once("company", self._find_company)

    def _find_company(self) -> CompanyRow:
        seen = self._odoo.companies()
        wanted = self._settings.company
        fit = seen if wanted is None else [row for row in seen if wanted in (row.id, str(row.id), row.name)]
        if len(fit) != 1:
            names = ", ".join(f"{row.id} ({row.name})" for row in seen) or "none"
            raise BadSettings(
                f"The Odoo user sees these companies: {names}.",
                remedy="Put one of them into `company` in the connection's settings.",
            )
        self._odoo.company = fit[0].id
        return fit[0]

    @property
    def currency(self) -> str:
        """The company's currency."""
        link = self.company.currency_id
        return link.name if link else ""

    # -- taxes ------------------------------------------------------------------------------------------------

    def taxes(self) -> Sequence[TaxRow]:
        """The company's active sale taxes, lowest id first."""
        company = self.company.id
        domain = [["type_tax_use", "=", "sale"], ["company_id", "=", company]]
        return self._once("taxes", lambda: self._odoo.search(TaxRow, domain, seldom=True))

    def tax_ids(self, taxes: Iterable[Tax], *, included: bool, country: str | None) -> tuple[int, ...]:
        """Odoo's taxes for the rates of one charge, each rate its own record even if two are equal.

        `included` is whether the price contains them, `country` where the goods go. A rate of zero gets a tax only if
        the settings name one. Raises Refused if a rate has no tax.
        """
        ids: list[int] = []
        for tax in taxes:
            if tax.rate is None:
                continue
            percent = tax.rate * 100
            found = self._tax_for(percent, included, country, ids)
            if found is not None:
                ids.append(found)
            elif percent:
                basis = "included in" if included else "on top of"
                another = "a further" if ids else "a"
                raise Refused(
                    f"Odoo has no sale tax of {_plain(percent)} % {basis} the price.",
                    remedy=f"Create {another} sale tax of {_plain(percent)} % ({basis} the price) in Odoo, or name "
                    "one under `taxes` in the connection's settings.",
                )
        return tuple(ids)

    def _tax_for(self, percent: Decimal, included: bool, country: str | None, used: list[int]) -> int | None:
        for choice in self._settings.taxes:
            if (
                abs(choice.rate - percent) < SAME_RATE
                and choice.included in (None, included)
                and choice.country in (None, country)
                and choice.tax not in used
            ):
                return choice.tax
        if not percent:
            return None
        there = self.country(country) if country else None
        home = self.company.country_id.id if self.company.country_id else None

        def rank(row: TaxRow) -> tuple[int, int]:
            place = row.country_id.id if row.country_id else None
            return (0 if there and place == there else 1 if place in (home, None) else 2, row.id)

        fit = [
            row
            for row in self.taxes()
            if row.amount_type == "percent"
            and row.price_include == included
            and abs(row.amount - percent) < SAME_RATE
            and row.id not in used
        ]
        return min(fit, key=rank).id if fit else None

    def fixed_tax(self, currency: str, *, negative: bool) -> int | None:
        """The fixed sale tax of plus or minus one minor unit of `currency`; None if nobody has set it up."""
        amount = -minor_unit(currency) if negative else minor_unit(currency)
        for row in self.taxes():
            if row.amount_type == "fixed" and row.amount == amount and not row.price_include:
                return row.id
        return None

    def all_taxes(self, ids: Iterable[int]) -> dict[int, TaxRow]:
        """Taxes by id, archived ones too: old orders carry them."""
        wanted = set(ids)
        with self._lock:
            known = self._once("taxes by id", dict[int, TaxRow])
            missing = sorted(wanted - set(known))
            if missing:
                found = self._odoo.search(TaxRow, [["id", "in", missing]], archived=True, seldom=True)
                known.update({row.id: row for row in found})
            return {each: known[each] for each in wanted if each in known}

    # -- currencies -------------------------------------------------------------------------------------------

    def pricelists(self) -> dict[str, PricelistRow]:
        """Currency → the pricelist that puts an order into it; the company's own before shared ones."""

        def look() -> dict[str, PricelistRow]:
            domain = [["company_id", "in", [False, self.company.id]]]
            found: dict[str, PricelistRow] = {}
            rows = self._odoo.search(PricelistRow, domain, seldom=True)
            for row in sorted(rows, key=lambda row: (row.company_id is None, row.id)):
                if row.currency_id:
                    found.setdefault(row.currency_id.name, row)
            return found

        return self._once("pricelists", look)

    def pricelist(self, currency: str) -> int | None:
        """The pricelist for an order in `currency`; None for the company's own currency without one.

        Raises Refused if the currency has none.
        """
        row = self.pricelists().get(currency)
        if row is None and currency != self.currency:
            raise Refused(
                f"Odoo has no pricelist in {currency}, and an order takes its currency from one.",
                remedy=f"Activate {currency} in Odoo, give it a rate, and create a pricelist in it.",
            )
        return row.id if row else None

    # -- products ---------------------------------------------------------------------------------------------

    def service_product(self, sku: str) -> int:
        """The product for shipping, fees or rounding. Raises Refused if it is not set up exactly once."""
        found = self.service_products().get(sku, [])
        if len(found) != 1:
            many = "no" if not found else "more than one"
            raise Refused(
                f"Odoo has {many} active product with the internal reference {sku!r}.",
                remedy=f"Create one service product {sku!r} in Odoo, invoiced on ordered quantities.",
            )
        return found[0].id

    def service_products(self) -> dict[str, list[ProductRow]]:
        """The products of the settings by SKU, however many there are of each."""
        settings = self._settings

        def look() -> dict[str, list[ProductRow]]:
            skus = sorted({settings.shipping_product, settings.fee_product, settings.rounding_product})
            found: dict[str, list[ProductRow]] = {}
            for row in self._odoo.search(ProductRow, [["default_code", "in", skus]], seldom=True):
                if row.default_code in skus:
                    found.setdefault(row.default_code, []).append(row)
            return found

        return self._once("service products", look)

    # -- places -----------------------------------------------------------------------------------------------

    def country(self, code: str) -> int:
        """The id of a country by its ISO code. Raises Refused for one that Odoo does not know."""
        found = self._once(
            ("country", code),
            lambda: self._odoo.search(CountryRow, [["code", "=", code]], limit=1, seldom=True),
        )
        if not found:
            raise Refused(f"Odoo knows no country {code}.", remedy="Correct the country in the source.")
        return found[0].id

    def country_codes(self, ids: Iterable[int]) -> dict[int, str]:
        """Country id → ISO code."""
        wanted = set(ids)
        with self._lock:
            known = self._once("country codes", dict[int, str])
            missing = wanted - set(known)
            known.update(
                {row.id: row.code for row in self._odoo.read(CountryRow, missing, seldom=True) if row.code}
            )
            return {each: known[each] for each in wanted if each in known}

    def state(self, country: str, code: str | None, name: str | None) -> int | None:
        """The id of a subdivision: by its code, by `CC-code` (Japan in 19), or by its name. None if there is none."""
        rows = self._once(
            ("states", country),
            lambda: self._odoo.search(StateRow, [["country_id", "=", self.country(country)]], seldom=True),
        )
        for wanted in (code, f"{country}-{code}" if code else None):
            for row in rows:
                if wanted and row.code.upper() == wanted:
                    return row.id
        plain = (name or "").strip().casefold()
        return next((row.id for row in rows if plain and row.name.casefold() == plain), None)

    def state_rows(self, ids: Iterable[int]) -> dict[int, StateRow]:
        """Subdivisions by id."""
        wanted = set(ids)
        with self._lock:
            known = self._once("states by id", dict[int, StateRow])
            known.update({row.id: row for row in self._odoo.read(StateRow, wanted - set(known), seldom=True)})
            return {each: known[each] for each in wanted if each in known}

    # -- warehouse and team -----------------------------------------------------------------------------------

    def warehouses(self) -> Sequence[WarehouseRow]:
        """The company's warehouses."""
        domain = [["company_id", "=", self.company.id]]
        return self._once("warehouses", lambda: self._odoo.search(WarehouseRow, domain, seldom=True))

    @property
    def warehouse(self) -> int | None:
        """The warehouse of the settings; None if they leave it to Odoo. Raises BadSettings if it is not there."""
        wanted = self._settings.warehouse
        if wanted is None:
            return None
        for row in self.warehouses():
            if wanted in (row.id, str(row.id), row.code, row.name):
                return row.id
        names = ", ".join(f"{row.code or row.id} ({row.name})" for row in self.warehouses()) or "none"
        raise BadSettings(f"Odoo has no warehouse {wanted!r}; it has {names}.")

    @property
    def sales_team(self) -> int | None:
        """The sales team of the settings, if any. Raises BadSettings if it is not there."""
        wanted = self._settings.sales_team
        if wanted is None:
            return None
        for row in self._once("teams", lambda: self._odoo.search(TeamRow, [], seldom=True)):
            if wanted in (row.id, str(row.id), row.name):
                return row.id
        raise BadSettings(f"Odoo has no sales team {wanted!r}.")


def _plain(percent: Decimal) -> str:
    return format(percent.normalize(), "f")
