"""What stands in Tryton beside the orders: the company, currencies, countries, taxes, products and their stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ordersync import Address, Ambiguous, Item, NotFound, Stock, minor_unit
from ordersync.web import Access

from ordersync_tryton.arithmetic import Rounding
from ordersync_tryton.mapping import item_of, stock_of
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.settings import TrytonSettings
from ordersync_tryton.wire import (
    PRODUCT_FIELDS,
    STOCK_FIELDS,
    TAX_FIELDS,
    CodedRow,
    CompanyRow,
    CurrencyRow,
    ProductRow,
    RoundingRow,
    StockRow,
    TaxRow,
)

__all__ = ["Records", "TaxBook"]

KEEP = timedelta(minutes=10)
"""How long what seldom changes is remembered."""


@dataclass(frozen=True)
class TaxBook:
    """The taxes of the company, as an order needs them."""

    by_rate: Mapping[Decimal, tuple[TaxRow, ...]]
    chosen: Mapping[Decimal, str]
    correction: TaxRow | None
    rounding: Rounding

    def of_rate(self, rate: Decimal, title: str) -> TaxRow:
        """The tax with this rate: the one that the settings choose, the only one, or the one of this name.

        Raises NotFound if none has the rate, Ambiguous if several have it and nothing tells them apart.
        """
        found = self.by_rate.get(rate, ())
        wanted = self.chosen.get(rate, title)
        named = tuple(tax for tax in found if tax.name == wanted)
        match named or found:
            case [tax]:
                return tax
            case []:
                raise NotFound(
                    f"Tryton has no tax of {rate * 100:f} %.",
                    remedy="Create it, for this company, and retry the order.",
                )
            case several:
                raise Ambiguous(
                    f"Tryton has several taxes of {rate * 100:f} %.",
                    candidates=tuple(str(tax.id) for tax in several),
                    remedy="Say which one in the setting `taxes`.",
                )


class Records:
    """Looks records up; what seldom changes is remembered."""

    def __init__(self, tryton: Tryton, settings: TrytonSettings, access: Access) -> None:
        self._tryton = tryton
        self._settings = settings
        self._access = access

    def company(self) -> CompanyRow:
        """The company that the settings, or the user's preferences, name."""
        rows = self._kept("company.company", [["id", "=", self._tryton.company]], ["rec_name", "timezone"])
        if not rows:
            raise NotFound(
                "Tryton has no such company, or the user may not see it.", remedy="Check `company`."
            )
        return CompanyRow.model_validate(rows[0])

    def currencies(self) -> Mapping[str, CurrencyRow]:
        """Code → currency, of those that Tryton rounds as ISO 4217 says."""
        rows = self._kept("currency.currency", [], ["code", "digits", "rounding"])
        found = [CurrencyRow.model_validate(row) for row in rows]
        return {row.code: row for row in found if row.rounding == minor_unit(row.code)}

    def currency(self, code: str) -> CurrencyRow:
        """The currency of this code. Raises NotFound."""
        found = self.currencies().get(code)
        if found is None:
            raise NotFound(
                f"Tryton has no currency {code} with its usual digits.",
                remedy="Create it under Party > Currencies.",
            )
        return found

    def tax_book(self) -> TaxBook:
        """The taxes that may stand on a sale, and how the company rounds them. Read anew: people mend them."""
        percentages: dict[Decimal, tuple[TaxRow, ...]] = defaultdict(tuple)
        correction = None
        domain = [
            ["company", "=", self._tryton.company],
            ["parent", "=", None],
            ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]],
        ]
        for tax in self._tryton.records("account.tax", TaxRow, domain, TAX_FIELDS):
            if tax.type == "percentage" and tax.rate is not None:
                percentages[tax.rate.normalize()] += (tax,)
            if tax.type == "fixed" and tax.name == self._settings.correction_tax:
                correction = tax
        (setup,) = self._tryton.records("account.configuration", RoundingRow, [], ["tax_rounding"], limit=1)
        return TaxBook(percentages, self._settings.taxes, correction, setup.tax_rounding or "document")

    def place(self, address: Address) -> tuple[int | None, int | None]:
        """The ids of an address's country and subdivision; a subdivision that Tryton lacks is left out.

        Raises NotFound for a country that Tryton lacks: goods would go nowhere.
        """
        if address.country is None:
            return None, None
        country = self._coded("country.country").get(address.country)
        if country is None:
            raise NotFound(
                f"Tryton has no country {address.country}.",
                remedy="Run `trytond_import_countries` for the database.",
            )
        return country, self._coded("country.subdivision").get(f"{address.country}-{address.subdivision}")

    def products(self, skus: Sequence[str]) -> dict[str, list[Item]]:
        """SKU → the active products that have exactly this code."""
        found: dict[str, list[Item]] = defaultdict(list)
        domain = [["code", "in", list(skus)]]
        for row in self._tryton.records("product.product", ProductRow, domain, PRODUCT_FIELDS):
            found[row.code or ""].append(item_of(row, row.code or ""))
        return found

    def sale_units(self, products: Iterable[int]) -> dict[int, int | None]:
        """Product id → the unit that it is sold in."""
        domain = [["id", "in", sorted(set(products))]]
        rows = self._tryton.records("product.product", ProductRow, domain, PRODUCT_FIELDS)
        return {row.id: row.sale_uom for row in rows}

    def stocks(self, items: Sequence[Item]) -> dict[int, Stock]:
        """Product id → what each warehouse has; one request per warehouse, however many products."""
        ids = sorted({int(item.variant_id or item.product_id) for item in items})
        counts: dict[int, dict[str, StockRow]] = defaultdict(dict)
        for warehouse in self._kept("stock.location", [["type", "=", "warehouse"]], ["code", "name"]):
            rows = self._tryton.records(
                "product.product",
                StockRow,
                [["id", "in", ids]],
                STOCK_FIELDS,
                context={"locations": [warehouse["id"]]},
            )
            for row in rows:
                counts[row.id][warehouse["code"] or warehouse["name"]] = row
        return {product: stock_of(places) for product, places in counts.items()}

    def knows_countries(self) -> bool:
        """Whether the countries have been imported."""
        return bool(self._coded("country.country"))

    def _coded(self, model: str) -> dict[str, int]:
        rows = self._kept(model, [], ["code"])
        return {row.code: row.id for row in map(CodedRow.model_validate, rows) if row.code}

    def _kept(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        return self._access.memory.once(  # type: ignore[no-any-return]
            f"tryton {model}",
            lambda: self._tryton.raw_records(model, domain, fields),
            now=self._access.clock.now(),
            keep=KEEP,
        )
