"""Quirks that many platforms have and that the kit's parts obey: a sandbox offers those that it names in `own_quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.switches import Quirk, Setting

__all__ = ["LateIndex", "LostWebhooks", "OverlappingPages", "RepeatedWebhooks", "SmallPages", "UnsortedPages"]


class LateIndex(Quirk):
    """Lists and searches learn of a record long after it was made or changed; by its id it is there at once.

    Who looks for a stamp right after a lost answer finds nothing, and sends again. Every table obeys it.
    """

    name = "late_index"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("120", "how late", least=0, fraction=True),
    }
    told = (
        "https://github.com/nozzlegear/ShopifySharp/issues/854",
        "https://github.com/Shopify/shopify-api-ruby/issues/151",
        "https://github.com/odoo/odoo/pull/186014",
    )


class SmallPages(Quirk):
    """A page holds fewer rows than was asked for, although there are more.

    Who takes a short page for the last one never sees the rest. Every pager obeys it.
    """

    name = "small_pages"
    settings: ClassVar[Mapping[str, Setting]] = {"rows": Setting("2", "rows on a page at most", least=1)}
    told = (
        "https://github.com/microsoft/BCApps/pull/8545",
        "https://github.com/MONEI/Shopify-api-node/issues/382",
    )


class UnsortedPages(Quirk):
    """Lists come in no order, whatever was asked for.

    Who moves a watermark to the newest row of a page skips what comes later and is older. Every pager obeys it.
    """

    name = "unsorted_pages"


class OverlappingPages(Quirk):
    """Each page begins with the last row of the one before, as if something had been inserted in front meanwhile.

    Who counts on rows coming once has one of them twice. Every pager obeys it.
    """

    name = "overlapping_pages"


class RepeatedWebhooks(Quirk):
    """The same delivery comes more than once, with the same id.

    Who takes each for an event of its own does everything twice.
    """

    name = "repeated_webhooks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "times": Setting("2", "how often each delivery comes", least=2)
    }
    told = (
        "https://github.com/bigcommerce/docs/pull/240",
        "https://hookdeck.com/webhooks/platforms/how-to-handle-duplicate-shopify-webhook-events",
    )


class LostWebhooks(Quirk):
    """Every second delivery never goes out, and none is repeated.

    Who has nothing but webhooks never hears of half of the orders.
    """

    name = "lost_webhooks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "every": Setting("2", "every second, third …, by this number", least=1)
    }
    told = ("https://github.com/woocommerce/woocommerce/issues/59381",)
