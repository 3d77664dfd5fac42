"""What users of the shop's API report of it, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = [
    "OWN",
    "BigIds",
    "DuplicateWebhooks",
    "EqualUpdatedAt",
    "ExpiringToken",
    "LocalTime",
    "NestedPages",
    "ShuffledWebhooks",
    "SilentEdit",
    "SlowIndex",
    "SmallPages",
]


class SlowIndex(Quirk):
    """A search does not find what was made or changed a moment ago.

    Looking an order up by its id finds it at once, looking for its key does not. Who takes "not found" for "not there"
    makes it again.
    """

    name = "slow_index"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("25", "until a search sees a write", least=0)
    }
    told = (
        "https://github.com/nozzlegear/ShopifySharp/issues/854",
        "https://github.com/Shopify/shopify-api-ruby/issues/151",
    )


class DuplicateWebhooks(Quirk):
    """The same webhook is delivered more than once.

    The copies are the same to the byte, with the same event id; they come later, as after an answer that was too slow.
    """

    name = "duplicate_webhooks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "times": Setting("2", "how often each delivery comes", least=2)
    }
    told = (
        "https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates",
        "https://hookdeck.com/webhooks/platforms/how-to-handle-duplicate-shopify-webhook-events",
    )


class ShuffledWebhooks(Quirk):
    """Webhooks arrive in another order than things happened.

    An update comes before the creation that it updates; an old state comes last, and looks like the newest.
    """

    name = "shuffled_webhooks"
    told = (
        "https://dev.to/masadashraf/shopify-webhooks-dont-arrive-in-order-heres-how-to-handle-it-2mbg",
        "https://kolachitech.com/?p=4910",
    )


class EqualUpdatedAt(Quirk):
    """Every order that the shop is born with was changed in one and the same second, as by a bulk edit.

    A listing that goes on behind the last time it saw leaves out the rest of that second; one that goes on at it may
    read the same page for ever.
    """

    name = "equal_updated_at"
    told = (
        "https://github.com/airbytehq/airbyte/issues/4923",
        "https://github.com/NangoHQ/integration-templates/pull/598",
    )


class SilentEdit(Quirk):
    """An order is changed, and its `updatedAt` stays what it was.

    No listing by time of change shows the order again; only looking at it does.
    """

    name = "silent_edit"
    told = ("https://github.com/estuary/connectors/issues/4338",)


class LocalTime(Quirk):
    """Times in a filter that name no zone are read as the shop's local time.

    A filter that was written in UTC, without saying so, begins hours too late or too early: orders are left out.
    """

    name = "local_time"
    settings: ClassVar[Mapping[str, Setting]] = {
        "hours": Setting("-5", "the shop's distance from UTC, from -12 to 14", least=-12)
    }
    told = ("https://github.com/frappe/erpnext_shopify/issues/190",)


class SmallPages(Quirk):
    """A page of a listing or a search holds three records, however many were asked for.

    Who counts a page that is not full as the last one reads three orders and thinks that was all.
    """

    name = "small_pages"
    settings: ClassVar[Mapping[str, Setting]] = {"rows": Setting("3", "on a page at most", least=1)}
    told = (
        "https://github.com/microsoft/BCApps/pull/8545",
        "https://github.com/MONEI/Shopify-api-node/issues/382",
    )


class NestedPages(Quirk):
    """The lines of one order come in pages of their own.

    Who reads only the first page of them makes an order that is short of lines, and says nothing.
    """

    name = "nested_pages"
    settings: ClassVar[Mapping[str, Setting]] = {
        "rows": Setting("2", "of a record's own lists on a page at most", least=1)
    }
    told = (
        "https://github.com/singer-io/tap-shopify/pull/248",
        "https://github.com/microsoft/BCApps/pull/8545",
    )


class BigIds(Quirk):
    """Every id is beyond 2^53, and neighbours differ in the last digit.

    Read through a float (JavaScript, a spreadsheet, a careless JSON parser) several of them become one.
    """

    name = "big_ids"
    told = (
        "https://github.com/Shopify/shopify-app-js/pull/2781",
        "https://github.com/MONEI/Shopify-api-node/issues/500",
    )


class ExpiringToken(Quirk):
    """The access token expires in the middle of a run: from one request to the next the answer is 401.

    The sandbox's `settings()` hold the next token from then on; it lasts as long.
    """

    name = "expiring_token"
    settings: ClassVar[Mapping[str, Setting]] = {
        "requests": Setting("9", "that a token is good for", least=1)
    }
    told = (
        "https://github.com/Kyon147/laravel-shopify/issues/500",
        "https://github.com/Shopify/koa-shopify-auth/issues/169",
    )

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        super().__init__(value, seed=seed)
        self.issued = 1
        """How many tokens there were."""
        self._spent = 0

    def spend(self) -> bool:
        """One more request with the token that is good now; False if it was one too many and there is a new one."""
        self._spent += 1
        if self._spent <= self.whole("requests"):
            return True
        self._spent = 0
        self.issued += 1
        return False


OWN: tuple[type[Quirk], ...] = (
    SlowIndex,
    SmallPages,
    NestedPages,
    EqualUpdatedAt,
    SilentEdit,
    LocalTime,
    BigIds,
    ExpiringToken,
    DuplicateWebhooks,
    ShuffledWebhooks,
)
