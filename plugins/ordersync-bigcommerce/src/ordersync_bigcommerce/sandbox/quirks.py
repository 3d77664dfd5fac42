"""What users of the store's API report of it, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = [
    "OWN",
    "DuplicateWebhooks",
    "EmptyConsignments",
    "EqualModified",
    "ExclusiveDates",
    "IgnoredFilters",
    "NoSkuList",
    "Overload",
    "RoundedPrices",
    "SlowIndex",
    "SmallPages",
]

REFERENCE = "https://developer.bigcommerce.com/docs/rest-management/orders"


class IgnoredFilters(Quirk):
    """A filter that the API does not understand is passed over, and everything is listed.

    Who takes the first row for the one that was asked for adopts a stranger's order, or never sees the list end.
    """

    name = "ignored_filters"
    settings: ClassVar[Mapping[str, Setting]] = {
        "names": Setting("external_order_id", "the parameters that are passed over, joined by `|`")
    }
    told = ("https://github.com/bigcommerce/bigcommerce-api-ruby/issues/60",)


class ExclusiveDates(Quirk):
    """`min_date_modified` leaves out the very moment that it names.

    The reference does not say whether it is included. Who asks again from the last change that was seen leaves out the
    other orders of that second.
    """

    name = "exclusive_dates"
    told = (REFERENCE, "https://github.com/bigcommerce/bigcommerce-api-ruby/issues/60")


class EqualModified(Quirk):
    """Every order that the store is born with was changed in one and the same second, as by a bulk edit.

    A listing that goes on behind the last time it saw leaves out the rest of that second; one that goes on at it may
    read the same page for ever.
    """

    name = "equal_modified"
    told = ("https://github.com/singer-io/tap-bigcommerce",)


class SmallPages(Quirk):
    """A page holds three rows, however many were asked for.

    Who counts a page that is not full as the last one reads three orders and thinks that was all.
    """

    name = "small_pages"
    settings: ClassVar[Mapping[str, Setting]] = {"rows": Setting("3", "on a page at most", least=1)}
    told = (REFERENCE,)


class EmptyConsignments(Quirk):
    """Consignments come without their lines, though the order has some.

    Of two orders that looked alike, one had its lines there and the other had none. Who believes what is included
    sends an order on that is short, or empty.
    """

    name = "empty_consignments"
    told = ("https://github.com/bigcommerce/dev-docs/issues/2052",)


class NoSkuList(Quirk):
    """`sku:in` of variants does nothing: it is used by many and named by no document.

    The first page of the whole catalogue comes back. Who takes its rows for the answer, or their absence for "unknown",
    orders the wrong thing or parks what is there.
    """

    name = "no_sku_list"
    told = ("https://developer.bigcommerce.com/docs/rest-catalog/product-variants",)


class SlowIndex(Quirk):
    """A list does not hold what was made a moment ago.

    Looking an order up by its id finds it at once, looking for its key does not. Who takes "not found" for "not there"
    makes it again. The documents advise to look for an identifier of one's own before repeating, and give no lag.
    """

    name = "slow_index"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("8", "until a list sees a new order", least=0)
    }
    told = ("https://developer.bigcommerce.com/docs/start/best-practices",)


class Overload(Quirk):
    """The platform is overloaded and answers 429 without any of its rate headers.

    Who waits for the time that the headers name waits for nothing, and knocks at once again.
    """

    name = "overload"
    settings: ClassVar[Mapping[str, Setting]] = {
        "requests": Setting("2", "the first so many requests", least=1)
    }
    told = ("https://developer.bigcommerce.com/docs/start/best-practices/api-rate-limits",)

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        super().__init__(value, seed=seed)
        self.struck = 0

    def strikes(self) -> bool:
        """Count a request; whether it is refused."""
        self.struck += 1
        return self.struck <= self.whole("requests")


class RoundedPrices(Quirk):
    """Unit prices are rounded to the currency's digits before they are multiplied.

    Three at 3.3333 make 9.99; whoever counted on four decimals is a cent short. Told of other shops; whether a store of
    this platform can be set up so is not documented.
    """

    name = "rounded_prices"
    told = (
        "https://github.com/thirtybees/thirtybees/issues/795",
        "https://github.com/craftcms/commerce/pull/697",
    )


class DuplicateWebhooks(Quirk):
    """The same webhook is delivered more than once, with the same hash.

    Deliveries are repeated for two days until one is answered with 200. Who takes each for an event of its own does
    everything twice.
    """

    name = "duplicate_webhooks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "times": Setting("2", "how often each delivery comes", least=2)
    }
    told = (
        "https://github.com/bigcommerce/docs/pull/240",
        "https://developer.bigcommerce.com/docs/integrations/webhooks/https-webhook-overview",
    )


OWN: tuple[type[Quirk], ...] = (
    IgnoredFilters,
    ExclusiveDates,
    EqualModified,
    SmallPages,
    EmptyConsignments,
    NoSkuList,
    SlowIndex,
    Overload,
    RoundedPrices,
    DuplicateWebhooks,
)
