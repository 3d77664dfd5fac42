"""What a shop says of itself: who it is, how it counts and taxes, and what a person must mend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ordersync import AccessDenied, Account, NotFound, NotOffered
from ordersync_woocommerce import wire
from ordersync_woocommerce.settings import WooCommerceSettings
from ordersync_woocommerce.shop import Shop
from ordersync_woocommerce.taxing import STANDARD, Rules

__all__ = ["OLDEST", "Knowledge", "account", "knowledge"]

OLDEST = (9, 9)
"""Since this version an order's `created_via` can be written and filtered for."""
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class Knowledge:
    """What is asked once per connection."""

    home: str
    version: str
    currency: str
    hpos: bool | None
    rules: Rules

    @property
    def writable(self) -> bool:
        """Whether an order's key can be written and found again here."""
        found = _VERSION.match(self.version)
        return found is not None and (int(found[1]), int(found[2])) >= OLDEST

    def require_writable(self) -> None:
        """Raises NotOffered if an order made here could not be found again."""
        if not self.writable:
            raise NotOffered(
                f"WooCommerce {self.version or '(no version told)'} cannot be asked for an order by our key.",
                remedy="Update WooCommerce to 9.9 or later; reading orders works as it is.",
            )


def knowledge(shop: Shop, settings: WooCommerceSettings) -> Knowledge:
    """Ask the shop: one request, and a few more where real taxes are wanted.

    Raises AccessDenied if the key's owner may not read the system status (shop managers may).
    """
    status = shop.one(
        wire.SystemStatus,
        "system_status",
        _fields="environment.home_url,environment.version,settings",
    )
    rules = Rules(decimals=status.settings.number_of_decimals)
    if settings.taxes == "real":
        rules = _tax_rules(shop, status.settings.number_of_decimals)
    return Knowledge(
        home=status.environment.home_url,
        version=status.environment.version,
        currency=status.settings.currency,
        hpos=status.settings.hpos,
        rules=rules,
    )


def _tax_rules(shop: Shop, decimals: int) -> Rules:
    tax = {row.id: str(row.value) for row in shop.whole(wire.Option, "settings/tax")}
    general = {row.id: str(row.value) for row in shop.whole(wire.Option, "settings/general")}
    rates = tuple(shop.rows(wire.TaxRate, "taxes"))
    slugs = {STANDARD if rate.tax_class == "standard" else rate.tax_class for rate in rates}
    return Rules(
        decimals=decimals,
        calculates=general.get("woocommerce_calc_taxes") == "yes",
        per_line=tax.get("woocommerce_tax_round_at_subtotal", "no") != "yes",
        included=tax.get("woocommerce_prices_include_tax") == "yes",
        based_on=tax.get("woocommerce_tax_based_on", "shipping"),
        shipping_class=tax.get("woocommerce_shipping_tax_class", "inherit"),
        rates=rates,
        classes=frozenset({STANDARD, *slugs, *_classes(shop)}),
    )


def _classes(shop: Shop) -> set[str]:
    return {row.slug for row in shop.whole(wire.TaxClass, "taxes/classes")} - {"standard", ""}


def account(shop: Shop, settings: WooCommerceSettings, known: Knowledge, *, thorough: bool) -> Account:
    """The account. Its id is the site's host and path, or the setting's.

    `thorough` looks besides whether the key may write (an empty batch changes nothing), and for webhooks that the shop
    has switched off after failures.
    """
    home = urlsplit(known.home or settings.url)
    problems, warnings, missing = [], [], []
    if not known.writable:
        problems.append(
            f"WooCommerce {known.version} is older than 9.9: orders can be read, but not created. Update it."
        )
    if settings.taxes == "real" and not known.rules.per_line:
        warnings.append(
            "The shop rounds tax at subtotal level, which cannot be predicted: taxes are written as a fee. "
            "Clear WooCommerce > Settings > Tax > Rounding."
        )
    if thorough:
        try:
            shop.post("orders/batch", {}, repeatable=True)
        except AccessDenied:
            missing.append("write")
            problems.append("The API key may not write. Give it the permission Read/Write.")
        warnings += _switched_off(shop)
    return Account(
        id=settings.account_id or f"{home.netloc.lower()}{home.path.rstrip('/')}",
        name=home.netloc,
        scopes=("read",) if missing or not thorough else ("read", "write"),
        missing_scopes=tuple(missing),
        api_version="wc/v3",
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _switched_off(shop: Shop) -> list[str]:
    try:
        hooks = list(shop.rows(wire.Webhook, "webhooks"))
    except (AccessDenied, NotFound):
        return ["The shop's webhooks cannot be read; whether they still work is not known."]
    return [
        f"Webhook {hook.id} ({hook.topic}) is {hook.status}: the shop switches one off after failures. "
        "Subscribe again, or set it to Active under WooCommerce > Settings > Advanced > Webhooks."
        for hook in hooks
        if hook.topic.startswith("order.") and hook.status != "active"
    ]
