"""Who the token speaks for, what it may do, and how long its API version lives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ordersync import Account, Facts
from ordersync_shopify import queries, wire
from ordersync_shopify.graphql import GraphQL
from ordersync_shopify.reading import read_as
from ordersync_shopify.settings import ShopifySettings

__all__ = ["CREATES_PER_MINUTE", "check", "retires"]

READ_SCOPES = ("read_orders", "read_customers", "read_products")
"""Without these no order can be read whole."""
WRITE_SCOPES = (
    "write_orders",
    "write_customers",
    "read_inventory",
    "read_locations",
    "write_merchant_managed_fulfillment_orders",
)
"""What a target needs besides."""
VISIBLE_HISTORY = timedelta(days=60)
"""How far back orders are visible without the scope `read_all_orders`."""
NOTICE = timedelta(days=90)
CREATES_PER_MINUTE = 5
"""On development and trial shops (the mutation's own text)."""


def check(
    graphql: GraphQL, settings: ShopifySettings, facts: Facts, now: datetime
) -> tuple[Account, wire.Shop]:
    """The account as `check_access` answers it, and the shop."""
    data = graphql.ask(queries.SHOP)
    shop = read_as(wire.Shop, data["shop"])
    granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
    held = granted | {
        f"read_{scope.removeprefix('write_')}" for scope in granted if scope.startswith("write_")
    }
    unwritable = [scope for scope in WRITE_SCOPES if scope not in held]
    served = graphql.served or settings.api_version
    end = retires(served)
    rate = f"{graphql.restore_rate:g} cost points per second" if graphql.restore_rate else facts.rate
    return Account(
        id=shop.id.rpartition("/")[2],
        name=f"{shop.name} ({shop.plan.public_display_name})" if shop.plan.public_display_name else shop.name,
        scopes=tuple(sorted(granted)),
        missing_scopes=tuple(scope for scope in READ_SCOPES if scope not in held),
        history_from=None if "read_all_orders" in held else now - VISIBLE_HISTORY,
        api_version=served,
        api_retires=end,
        problems=(f"To write to this shop, grant the app: {', '.join(unwritable)}.",) if unwritable else (),
        warnings=tuple(_warnings(shop, settings, served, end, now.date())),
        facts=facts.model_copy(update={"api_version": served, "api_retires": end, "rate": rate}),
    ), shop


def retires(version: str) -> date | None:
    """A version is accessible for a year, to the 16th of its month (the vendor names the day for three versions)."""
    year, _, month = version.partition("-")
    return date(int(year) + 1, int(month), 16) if year.isdecimal() and month.isdecimal() else None


def _warnings(
    shop: wire.Shop, settings: ShopifySettings, served: str, end: date | None, today: date
) -> list[str]:
    warnings = []
    if served != settings.api_version:
        warnings.append(
            f"Shopify answers in version {served} though {settings.api_version} was asked for, which it offers no "
            "longer, or not yet. Set `api_version`, or install a newer ordersync-shopify."
        )
    if end and end - today < NOTICE:
        warnings.append(f"Version {served} of Shopify's API is retired on {end}.")
    if shop.myshopify_domain != settings.shop:
        warnings.append(f"The token belongs to {shop.myshopify_domain}, not to {settings.shop}.")
    if shop.plan.partner_development:
        warnings.append(f"A development shop takes {CREATES_PER_MINUTE} new orders per minute.")
    return warnings
