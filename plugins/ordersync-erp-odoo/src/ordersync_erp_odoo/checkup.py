"""Is everything in order in this Odoo: who we are, what we may, what a person must still set up."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ordersync import Account, BadSettings, Facts, Refused, minor_unit
from ordersync_erp_odoo.catalog import Catalog
from ordersync_erp_odoo.rpc import Odoo, price_digits
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.wire import CurrencyRow

__all__ = ["Checkup"]

RIGHTS = {
    "sale.order": ("read", "create", "write"),
    "res.partner": ("read", "create", "write"),
    "product.product": ("read",),
    "account.tax": ("read",),
    "product.pricelist": ("read",),
    "stock.picking": ("read", "write"),
}
MEASURED = (17, 19)
HAS_ACCESS_SINCE = 18
"""From here on rights are asked by `has_access`, before by `check_access_rights` (seen on 19 and 17)."""


class Checkup:
    """Looks an account over. Reads only."""

    def __init__(self, odoo: Odoo, catalog: Catalog, settings: OdooSettings, facts: Facts) -> None:
        self._odoo = odoo
        self._catalog = catalog
        self._settings = settings
        self._facts = facts

    def account(self, *, thorough: bool = True) -> Account:
        """Who we are there, with sharpened facts; `thorough`: with plain words about what is missing, too."""
        if thorough:
            self._catalog.forget()
        company = self._catalog.look_again()
        version = self._odoo.version
        missing = tuple(
            f"{model}: {right}"
            for model, rights in RIGHTS.items()
            for right in rights
            if thorough and not self._may(model, right)
        )
        readable = not any(each.endswith(": read") for each in missing)
        problems = [*(f"Give the Odoo user the right to {_right(each)}." for each in missing)]
        warnings: list[str] = []
        if readable and thorough:
            problems += self._setup_problems()
            warnings += self._currency_warnings()
        if version is not None and version.major not in MEASURED:
            warnings.append(
                f"This is Odoo {version.server_version}; 17.0 and 19.0 were measured. Try it on a copy first."
            )
        if not self._settings.confirm:
            warnings.append("Orders stay quotations: `confirm` is off.")
        parts = urlsplit(self._settings.url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
        return Account(
            id=self._settings.account_id or f"{host}/{self._settings.database}/{company.id}",
            name=company.name,
            missing_scopes=missing,
            api_version=f"{version.server_version}, {self._odoo.protocol}"
            if version
            else self._odoo.protocol,
            problems=tuple(problems),
            warnings=tuple(warnings),
            facts=self._sharpened() if readable else self._facts,
        )

    def _may(self, model: str, right: str) -> bool:
        """Whether the user may; a model whose module is not installed needs no right."""
        version = self._odoo.version
        older = version is not None and version.major < HAS_ACCESS_SINCE
        try:
            if older:
                answer = self._odoo.call(model, "check_access_rights", operation=right, raise_exception=False)
            else:
                answer = self._odoo.call(model, "has_access", [], operation=right)
        except Refused:
            return True
        return bool(answer)

    def _sharpened(self) -> Facts:
        per_order = self._catalog.company.tax_calculation_rounding_method == "round_globally"
        newer = self._odoo.has("account.tax", "price_include_override")
        digits = price_digits(self._odoo)
        currencies = {self._catalog.currency, *self._catalog.pricelists()} - {""}
        return self._facts.model_copy(
            update={
                "api_version": self._odoo.version.server_version if self._odoo.version else None,
                "currencies": frozenset(currencies),
                "tracking": self._odoo.has("stock.picking", "carrier_tracking_ref"),
                "arithmetic": self._facts.arithmetic.model_copy(
                    update={
                        "price_digits": digits,
                        "tax_rounding": "order" if per_order else "line",
                        "included_tax": "tax_first" if newer else "net_first",
                        "included_order_rounding": newer,
                    }
                ),
            }
        )

    def _setup_problems(self) -> Iterator[str]:
        catalog, settings = self._catalog, self._settings
        found = catalog.service_products()
        uses = {
            settings.shipping_product: "shipping",
            settings.fee_product: "fees and lines without a product",
            settings.rounding_product: "rounding",
        }
        for sku, use in uses.items():
            count = len(found.get(sku, []))
            if not count:
                yield f"Create a service product with the internal reference {sku} (for {use}), invoiced on ordered quantities."
            elif count > 1:
                yield f"Several products have the internal reference {sku} (for {use}); leave one."
        currencies = {catalog.currency, *catalog.pricelists()} - {""}
        units = {minor_unit(currency) for currency in currencies}
        fixed = {
            row.amount for row in catalog.taxes() if row.amount_type == "fixed" and not row.price_include
        }
        for amount in sorted({sign * unit for unit in units for sign in (1, -1)} - fixed):
            yield f"Create a sale tax of type Fixed with the amount {amount}, not included in the price: it corrects tax rounding."
        for choice in settings.taxes:
            if choice.tax not in {row.id for row in catalog.taxes()}:
                yield f"The setting `taxes` names the tax {choice.tax}, which is no active sale tax of this company."
        try:
            _ = catalog.warehouse, catalog.sales_team
        except BadSettings as wrong:
            yield wrong.message

    def _currency_warnings(self) -> Iterator[str]:
        names = sorted(set(self._catalog.pricelists()) - {self._catalog.currency})
        if not names:
            return
        for row in self._odoo.search(CurrencyRow, [["name", "in", names]], archived=True):
            if not row.active:
                yield f"There is a pricelist in {row.name}, but the currency is not active: invoices cannot be posted."
            elif row.rate_ids == ():
                yield f"{row.name} has no rate: reports in the company's currency will be wrong."


def _right(missing: str) -> str:
    model, right = missing.split(": ")
    names = {
        "sale.order": "sales orders (Sales: User, All Documents)",
        "res.partner": "contacts (Contact Creation)",
        "product.product": "products",
        "account.tax": "taxes",
        "product.pricelist": "pricelists",
        "stock.picking": "deliveries",
    }
    return f"{right} {names[model]}"
