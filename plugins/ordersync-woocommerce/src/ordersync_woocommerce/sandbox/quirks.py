"""What people report of WooCommerce's API, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = ["OWN", "LegacyStorage", "LostCalls", "StrippedHeader", "SubtotalRounding", "TimeZone"]

_ISSUES = "https://github.com/woocommerce/woocommerce/issues"


class TimeZone(Quirk):
    """The shop is not in UTC, and reads dates without a zone as its own.

    Who asks for changes since a UTC time misses hours of orders east of Greenwich, and reads hours of them again west of it.
    """

    name = "time_zone"
    settings: ClassVar[Mapping[str, Setting]] = {"hours": Setting("9", "hours from UTC: `9`, `-5`, `5.5`")}
    told = (
        f"{_ISSUES}/28111",
        f"{_ISSUES}/19976",
        "https://github.com/woocommerce/woocommerce-ios/issues/11527",
    )


class LegacyStorage(Quirk):
    """Orders are kept as posts: a search finds no transaction id.

    Who stamps his key there and searches for it finds nothing, and makes every order again whose answer was lost.
    """

    name = "legacy_storage"
    told = (f"{_ISSUES}/56977", "https://github.com/woocommerce/woocommerce/pull/57052")


class SubtotalRounding(Quirk):
    """The shop rounds tax at subtotal level, instead of per line.

    The taxes of an order's lines do not add up to the order's, and orders made through the API miss by a cent.
    """

    name = "subtotal_rounding"
    told = (f"{_ISSUES}/25720", f"{_ISSUES}/25641", f"{_ISSUES}/17397")


class StrippedHeader(Quirk):
    """The web server takes the `Authorization` header away before PHP sees it.

    Good keys are answered as if nobody had given any: 401, `woocommerce_rest_cannot_view`.
    """

    name = "stripped_header"
    stops = "Nobody comes in until the key goes in the query."
    told = (
        f"{_ISSUES}/17271",
        "https://github.com/woocommerce/wc-api-node/issues/43",
        "https://github.com/woocommerce/woocommerce-rest-api/issues/230",
    )


class LostCalls(Quirk):
    """Every other webhook call never goes out, and none is repeated.

    Who has nothing but webhooks never hears of half of the orders.
    """

    name = "lost_calls"
    told = (f"{_ISSUES}/59381", f"{_ISSUES}/18009")


OWN: tuple[type[Quirk], ...] = (
    TimeZone,
    LegacyStorage,
    SubtotalRounding,
    StrippedHeader,
    LostCalls,
)
"""Everything that can be switched on in this shop, besides what can happen on the way to any."""
