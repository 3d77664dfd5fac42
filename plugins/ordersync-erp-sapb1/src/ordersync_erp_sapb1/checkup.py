"""What `check_access` finds out: who we are, how this company computes, and what a person must still set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ordersync import AccessDenied, Account, Facts, OrderSyncError, Refused, TryLater
from ordersync.web import Clock
from ordersync_erp_sapb1.catalog import Catalog
from ordersync_erp_sapb1.service import Service
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import Head, Item

__all__ = ["Checkup"]


class Checkup:
    """Looks at one company."""

    def __init__(
        self, service: Service, catalog: Catalog, settings: SapB1Settings, facts: Facts, clock: Clock
    ) -> None:
        self._service = service
        self._catalog = catalog
        self._settings = settings
        self._facts = facts
        self._clock = clock

    def account(self, *, thorough: bool) -> Account:
        """The account; its id is host and company database, which nothing in the Service Layer outlives."""
        self._catalog.forget()
        admin = self._catalog.admin
        settings = self._settings
        return Account(
            id=settings.account_id or f"{self._service.host}/{settings.company}",
            name=admin.CompanyName or settings.company,
            api_version=f"{settings.version}, {self._service.release or 'release unknown'}",
            facts=self.sharpened(),
            problems=tuple(self._problems()) if thorough else (),
            warnings=tuple(self._warnings()) if thorough else (),
        )

    def sharpened(self) -> Facts:
        """The facts with this company's decimal places and tax rounding."""
        admin = self._catalog.admin
        arithmetic = self._facts.arithmetic.model_copy(
            update={
                "price_digits": min(admin.PriceAccuracy or 2, 6),
                "percent_digits": min(admin.PercentageAccuracy or 2, 6),
                "tax_rounding": "order" if self._catalog.grouped else "line",
            }
        )
        return self._facts.model_copy(
            update={"arithmetic": arithmetic, "api_version": self._settings.version}
        )

    def _problems(self) -> Iterator[str]:
        catalog, settings = self._catalog, self._settings
        looks: list[Callable[[], object]] = [
            lambda: catalog.expense(settings.shipping_expense),
            lambda: catalog.expense(settings.rounding_expense),
            lambda: catalog.expense(settings.tax_expense) if settings.corrections else None,
            lambda: catalog.tax_code((), None, self._clock.now().date()),
            self._custom_item,
            self._key_field,
        ]
        for look in looks:
            try:
                look()
            except (AccessDenied, TryLater):
                raise
            except OrderSyncError as error:
                yield f"{error.message} {error.remedy}".strip()
        if catalog.admin.EnableBranches == "tYES" and settings.branch is None:
            yield "The company has branches: set `branch` to the one that sells."
        if catalog.admin.RoundTaxAmounts == "tYES":
            yield "The company rounds taxes to whole units: orders with other amounts will not be sent."

    def _custom_item(self) -> None:
        if self._service.one(Item, self._settings.custom_item) is None:
            raise Refused(
                f"There is no item {self._settings.custom_item!r}.",
                remedy="Create it as a sales item that is not kept in stock, for fees and lines without a product.",
            )

    def _key_field(self) -> None:
        field = self._settings.key_field
        if field != "NumAtCard":
            next(iter(self._service.rows(Head, where=f"{field} eq 'os-'", more=[field])), None)

    def _warnings(self) -> Iterator[str]:
        for rate, codes in sorted(self._catalog.ambiguous_rates(self._clock.now().date()).items()):
            yield f"Several tax codes have {rate.normalize():f} %: {', '.join(codes)}. Choose one in `taxes`."
        if not self._settings.preview:
            yield "Without `preview` a wrong total is noticed only once the order stands."
