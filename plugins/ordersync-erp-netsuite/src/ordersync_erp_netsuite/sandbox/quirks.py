"""What people who integrate with the platform report of it, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = [
    "OWN",
    "AmountRecomputed",
    "BusyAccount",
    "NoBatches",
    "NoPackages",
    "NullColumns",
    "PriceLevelWins",
    "ShortSublists",
    "SlowJobs",
]

_HELP = "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/"


class PriceLevelWins(Quirk):
    """A line's rate is replaced by the item's base price unless its price level is custom (-1).

    Orders come out at list prices, and nothing says so.
    """

    name = "price_level_wins"
    told = (f"{_HELP}section_N3658677.html",)


class AmountRecomputed(Quirk):
    """A line's amount is always rate times quantity; an amount that is sent does not stand.

    A discounted line whose unit price was rounded is off by a cent or more. Which of the two stands is documented for
    neither; integrations send both.
    """

    name = "amount_recomputed"
    settings: ClassVar[Mapping[str, Setting]] = {
        "digits": Setting("", "rates are first rounded to so many digits", least=0)
    }


class BusyAccount(Quirk):
    """Another integration takes all of the account's concurrency: requests are refused for a while.

    The answer is 429 CONCURRENCY_LIMIT_EXCEEDED, without Retry-After; nothing was done.
    """

    name = "busy_account"
    settings: ClassVar[Mapping[str, Setting]] = {
        "times": Setting("2", "how many requests in a row are refused, after the first one", least=1)
    }
    told = (f"{_HELP}subsect_1559222360.html", f"{_HELP}bridgehead_1525252812.html")


class ShortSublists(Quirk):
    """A record's sublist is given out in part, with `hasMore`; the rest is at an address of its own.

    Orders with many lines are read short by whoever does not look.
    """

    name = "short_sublists"
    settings: ClassVar[Mapping[str, Setting]] = {
        "lines": Setting("2", "how many lines come with the record", least=1)
    }
    told = (f"{_HELP}section_159894563219.html", f"{_HELP}section_1545141947.html")


class NoPackages(Quirk):
    """A fulfilment keeps no packages: the tracking number that was sent is not there afterwards.

    Which package fields there are depends on the account's shipping integrations. Integrations that do not read back tell
    the buyer nothing.
    """

    name = "no_packages"
    told = ("https://timdietrich.me/blog/netsuite-item-fulfillment-packages",)


class NullColumns(Quirk):
    """Columns without a value are `null` in SuiteQL's rows instead of being left out.

    Clients' code is written for both; no document says which it is.
    """

    name = "null_columns"


class SlowJobs(Quirk):
    """A request for many records is taken at once, and its records are written only after a while.

    Jobs wait in a queue of which no length is documented; one processor works on them unless more are licensed. Whoever
    looks too early takes orders for lost and sends them again.
    """

    name = "slow_jobs"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("60", "how long a job waits for its turn", least=0)
    }
    told = (f"{_HELP}chapter_161251386312.html",)


class NoBatches(Quirk):
    """Requests with a collection of records are refused: each record has to be sent by itself.

    What an account answers that does not take them is not documented.
    """

    name = "no_batches"


OWN: tuple[type[Quirk], ...] = (
    PriceLevelWins,
    AmountRecomputed,
    BusyAccount,
    ShortSublists,
    NoPackages,
    NullColumns,
    SlowJobs,
    NoBatches,
)
