"""What the company has set up: currencies, tax codes, freights, countries and states. Read once, forgotten on a refusal."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from ordersync import NotFound, Refused, UnexpectedReply
from ordersync_erp_sapb1.service import Service, parsed, quoted
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import (
    AdminInfo,
    CompanyInfo,
    Country,
    Currency,
    ExpenseKind,
    SalesTaxCode,
    State,
    VatGroup,
)

__all__ = ["Catalog"]

T = TypeVar("T")
_ISO = re.compile(r"[A-Z]{3}")
_HUNDRED = Decimal(100)


class Catalog:
    """The company's lists, each read when it is first needed. Thread-safe."""

    def __init__(self, service: Service, settings: SapB1Settings) -> None:
        self._service = service
        self._settings = settings
        self._lock = threading.RLock()
        self._kept: dict[str, Any] = {}

    def forget(self) -> None:
        """Read everything again when it is next needed: an order was refused because of it."""
        with self._lock:
            self._kept.clear()

    def _once(self, name: str, read: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._kept:
                self._kept[name] = read()
            found: T = self._kept[name]
            return found

    # -- the company ------------------------------------------------------------------------------------------

    @property
    def admin(self) -> AdminInfo:
        """The company's settings."""
        return self._once(
            "admin", lambda: parsed(AdminInfo, self._service.ask("CompanyService_GetAdminInfo") or {})
        )

    @property
    def grouped(self) -> bool:
        """Whether tax is rounded once for all lines of a code, instead of line by line."""
        return self._once("grouped", self._read_grouped)

    def _read_grouped(self) -> bool:
        """Not every user may read it; the preview decides in the end."""
        try:
            company = parsed(CompanyInfo, self._service.ask("CompanyService_GetCompanyInfo") or {})
        except (Refused, UnexpectedReply):
            return True
        return company.GroupLinesInVATCalculation != "tNO"

    # -- currencies -------------------------------------------------------------------------------------------

    @property
    def _currencies(self) -> dict[str, str]:
        def read() -> dict[str, str]:
            known = {}
            for row in self._service.rows(Currency):
                iso = self._settings.currencies.get(row.Code) or row.DocumentsCode.strip().upper()
                known[row.Code] = iso if _ISO.fullmatch(iso) else row.Code.upper()
            return known

        return self._once("currencies", read)

    def iso(self, code: str) -> str:
        """ISO 4217 of one of the company's currency codes; empty for none."""
        return self._currencies.get(code) or self._settings.currencies.get(code, "")

    @property
    def local(self) -> str:
        """The company's own currency, by its own code."""
        return self.admin.LocalCurrency

    def currency(self, iso: str) -> str:
        """The company's code of a currency. Raises Refused if it has none."""
        hits = [code for code, known in self._currencies.items() if known == iso]
        if not hits:
            raise Refused(
                f"SAP Business One has no currency {iso}.",
                remedy="Set it up there, with its international code and an exchange rate for the order's date.",
            )
        return self.local if self.local in hits else min(hits)

    # -- taxes ------------------------------------------------------------------------------------------------

    @property
    def tax_field(self) -> str:
        """The property of lines and freights that bears the tax code: `VatGroup` or `TaxCode`."""
        return "VatGroup" if self._tax_codes[0] else "TaxCode"

    @property
    def _tax_codes(self) -> tuple[bool, Sequence[VatGroup | SalesTaxCode]]:
        def read() -> tuple[bool, Sequence[VatGroup | SalesTaxCode]]:
            wanted = self._settings.tax_codes
            if wanted != "sales_tax_codes":
                groups = [
                    row
                    for row in self._service.rows(VatGroup)
                    if row.Category == "bovcOutputTax" and row.Inactive != "tYES"
                ]
                if groups or wanted == "vat_groups":
                    return True, groups
            rows = self._service.rows(SalesTaxCode)
            return False, [row for row in rows if row.ValidForAR != "tNO" and row.Inactive != "tYES"]

        return self._once("taxes", read)

    def _rates(self, day: date) -> list[tuple[Decimal, str]]:
        """(percent, code), as they are on `day`."""
        return sorted(
            (row.rate(day) if isinstance(row, VatGroup) else row.Rate, row.Code) for row in self._tax_codes[1]
        )

    def tax_code(self, rates: Iterable[Decimal], country: str | None, day: date) -> str:
        """The code for taxes of these rates (fractions) on one line, which are added up, on `day`.

        Raises Refused if there is none, or if several fit and the settings do not choose.
        """
        percent = sum(rates, Decimal(0)) * _HUNDRED
        for choice in self._settings.taxes:
            if choice.rate == percent and choice.country in (None, country):
                return choice.code
        hits = [code for rate, code in self._rates(day) if rate == percent]
        if len(hits) == 1:
            return hits[0]
        shown = format(percent.normalize(), "f")
        if not hits:
            raise Refused(
                f"SAP Business One has no tax code for sales with {shown} %.",
                remedy="Set one up there, or name the code in `taxes`.",
            )
        raise Refused(
            f"Several tax codes have {shown} %: {', '.join(hits)}.",
            remedy=f'Choose one in the settings: taxes = [{{rate = "{shown}", code = "{hits[0]}"}}].',
        )

    def ambiguous_rates(self, day: date) -> dict[Decimal, list[str]]:
        """Rates (percent) of several codes between which the settings do not choose."""
        chosen = {choice.rate for choice in self._settings.taxes}
        by_rate: dict[Decimal, list[str]] = {}
        for rate, code in self._rates(day):
            by_rate.setdefault(rate, []).append(code)
        return {rate: codes for rate, codes in by_rate.items() if len(codes) > 1 and rate not in chosen}

    # -- freights ---------------------------------------------------------------------------------------------

    @property
    def expense_names(self) -> dict[int, str]:
        """Freight's code → name."""
        return self._once(
            "expenses", lambda: {row.ExpensCode: row.Name for row in self._service.rows(ExpenseKind)}
        )

    def expense(self, name: str) -> int:
        """The code of the freight with this name. Raises Refused if there is none."""
        hits = [code for code, known in self.expense_names.items() if known == name]
        if not hits:
            raise Refused(
                f"SAP Business One has no freight {name!r}.",
                remedy="Set it up there (Administration, Setup, General, Freight), or name another one in the settings.",
            )
        return min(hits)

    # -- places -----------------------------------------------------------------------------------------------

    @property
    def _countries(self) -> dict[str, str]:
        rows = self._once("countries", lambda: list(self._service.rows(Country)))
        return {row.Code: row.ISOAlpha2Code.upper() or row.Code.upper() for row in rows}

    def country(self, iso: str) -> str:
        """The company's code of a country. Raises NotFound if it has none."""
        hits = [code for code, known in self._countries.items() if known == iso]
        if not hits:
            raise NotFound(f"SAP Business One has no country {iso}.", remedy="Set it up there.")
        return hits[0]

    def country_iso(self, code: str) -> str | None:
        """ISO 3166-1 of one of the company's country codes."""
        found = self._countries.get(code, code)
        return found if len(found) == 2 and found.isalpha() else None

    def has_state(self, country: str, state: str) -> bool:
        """Whether the company knows a state of a country (by its own code); another one would be refused."""
        where = f"Country eq {quoted(country)}"
        known = self._once(
            f"states {country}", lambda: {row.Code for row in self._service.rows(State, where=where)}
        )
        return state in known
