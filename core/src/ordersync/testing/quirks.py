"""Quirk switches: what platforms, and the ways to them, do to the people who use them; by name, counted, repeatable.

A quirk is a class. Its docstring tells the symptom: one sentence first, then what it leads to. A sandbox switches it on
when it is made, `Sandbox(quirks={"lost_response": "first:2"})`; on the command line it is `--quirk lost_response=first:2`.
What follows the equals sign is `setting:value`, several joined by commas; a bare value belongs to the first setting.

Those in `CARRIERS` strike on the way to and from the platform, so every sandbox has them. A platform declares its own in
`Sandbox.own_quirks`, and asks for them by `Sandbox.quirk`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from ordersync.testing.switches import (
    SERVED,
    Broken,
    Carrier,
    Quirk,
    QuirkClock,
    Seen,
    Setting,
    Way,
    counted,
    made,
)

__all__ = [
    "CARRIERS",
    "SERVED",
    "Broken",
    "Carrier",
    "ClockAhead",
    "ConnectionReset",
    "ErrorAfterCommit",
    "LateCommit",
    "Latency",
    "LostResponse",
    "Quirk",
    "QuirkClock",
    "Seen",
    "Setting",
    "TooManyRequests",
    "TruncatedBody",
    "Way",
    "counted",
    "made",
]


class LostResponse(Carrier):
    """The platform does what it was asked, and its answer never arrives.

    The client sees a time-out. Who sends again makes the order twice; who gives up has one that nobody knows of.
    """

    name = "lost_response"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "writes", wait=Setting("30", "seconds until the client gives up", least=0, fraction=True)
    )
    told = (
        "https://github.com/odoo/odoo/issues/40567",
        "https://github.com/christophergregory/shopify-node-api/issues/10",
        "https://github.com/django-salesforce/django-salesforce/issues/159",
    )

    def carry(self, way: Way) -> Response:
        way.deliver()
        way.clock.sleep(self.seconds("wait"))
        raise Broken("lost")


class LateCommit(Carrier):
    """The client gives up, and the platform does what it was asked only later.

    A look right after the time-out finds nothing: who sends again because of that makes the order twice.
    """

    name = "late_commit"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "writes",
        after=Setting("60", "seconds until the platform does it", least=0, fraction=True),
        wait=Setting("30", "seconds until the client gives up", least=0, fraction=True),
    )
    told = (
        "https://github.com/odoo/odoo/issues/40567",
        "https://github.com/woocommerce/woocommerce/issues/14541",
    )

    def carry(self, way: Way) -> Response:
        way.put_off(self.seconds("after"))
        way.clock.sleep(self.seconds("wait"))
        raise Broken("lost")


class ErrorAfterCommit(Carrier):
    """The platform does what it was asked, and answers 500, or the proxy in front of it 502.

    Taken for a failure, and sent again, it makes the order twice.
    """

    name = "error_after_commit"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "writes", status=Setting("502", "the HTTP status", words=("500", "502", "503", "504"))
    )
    told = (
        "https://github.com/woocommerce/woocommerce/issues/14541",
        "https://deploymonkey.com/blog/odoo-502-504-gateway-timeout-fix",
    )

    def carry(self, way: Way) -> Response:
        way.deliver()
        status = self.whole("status")
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
        return Response(page, status, content_type="text/html")


class TruncatedBody(Carrier):
    """Half of the answer arrives.

    What is left is no JSON, or looks like an empty list; the platform has done what it was asked all the same.
    """

    name = "truncated_body"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "writes",
        end=Setting(
            "silent",
            "how it ends: `silent` as if that were all, `short` of what Content-Length promised",
            words=("silent", "short"),
        ),
    )
    told = (
        "https://github.com/MONEI/Shopify-api-node/issues/128",
        "https://github.com/andvea/shopify-graphql-client/issues/4",
    )

    def carry(self, way: Way) -> Response:
        whole = way.deliver()
        if self.text("end") == "short":
            raise Broken("cut", whole)
        body = whole.get_data()
        whole.set_data(body[: len(body) // 2])
        return whole


class ConnectionReset(Carrier):
    """The connection is reset while the client waits for the answer.

    The error looks the same whether the platform did what it was asked or never saw it.
    """

    name = "connection_reset"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "writes",
        when=Setting("after", "`before` or `after` the platform did it", words=("before", "after")),
    )
    told = (
        "https://github.com/MONEI/Shopify-api-node/issues/128",
        "https://github.com/Shopify/cli/issues/2969",
    )

    def carry(self, way: Way) -> Response:
        if self.text("when") == "after":
            way.deliver()
        raise Broken("reset")


class TooManyRequests(Carrier):
    """Requests are answered 429 with Retry-After, and nothing is done.

    Until the moment that Retry-After named, everything that matches is refused; who comes early prolongs nothing and
    gains nothing. Retry-After may be a date, which many a client reads as no number at all.
    """

    name = "too_many_requests"
    settings: ClassVar[Mapping[str, Setting]] = counted(
        "all",
        wait=Setting("10", "seconds that Retry-After asks for", least=1),
        form=Setting("seconds", "how Retry-After is written", words=("seconds", "date")),
    )
    told = (
        "https://github.com/nozzlegear/ShopifySharp/issues/726",
        "https://www.rfc-editor.org/rfc/rfc9110#name-retry-after",
        "https://github.com/Sonarr/Sonarr/issues/994",
    )

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        super().__init__(value, seed=seed)
        self.early = 0
        """Requests that came before the moment that was named."""
        self._until: datetime | None = None

    def strikes(self, seen: Seen, now: datetime) -> bool:
        if self._until and now < self._until and self.matches(seen):
            self.early += 1
            return True
        if not super().strikes(seen, now):
            return False
        self._until = now.replace(microsecond=0) + timedelta(seconds=self.whole("wait"))
        return True

    def carry(self, way: Way) -> Response:
        now = way.clock.now()
        until = self._until or now
        after = (
            http_date(until)
            if self.text("form") == "date"
            else str(max(1, math.ceil((until - now).total_seconds())))
        )
        return Response("Too Many Requests\n", 429, headers={"Retry-After": after}, content_type="text/plain")


class ClockAhead(Quirk):
    """The platform's clock is ahead of ours.

    Everything it made just now is dated into our future. Who moves a watermark to his own clock's now, or throws away
    what is dated later, loses orders; a Retry-After date counted from the wrong clock is a wrong wait.
    """

    name = "clock_ahead"
    settings: ClassVar[Mapping[str, Setting]] = {
        "minutes": Setting("7", "by how much", least=1, fraction=True)
    }
    told = (
        "https://github.com/dynos-fit/dynos-sync/pull/93",
        "https://github.com/vscarpenter/gsd-task-manager/pull/284",
    )


class Latency(Carrier):
    """Every request takes its time.

    Leases run out, tokens expire and watermarks age while the client waits.
    """

    name = "latency"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("5", "how long a request takes", least=0, fraction=True),
        **(
            counted("all")
            | {"every": Setting("1", "every one, or every second, third …, by this number", least=1)}
        ),
        "first": Setting("", "instead: the first so many", least=1),
    }
    usually = "every"
    told = (
        "https://github.com/OCA/odoorpc/issues/76",
        "https://github.com/MONEI/Shopify-api-node/issues/128",
    )

    def carry(self, way: Way) -> Response:
        way.clock.sleep(self.seconds("seconds"))
        return way.deliver()


CARRIERS: tuple[type[Quirk], ...] = (
    LostResponse,
    LateCommit,
    ErrorAfterCommit,
    TruncatedBody,
    ConnectionReset,
    TooManyRequests,
    ClockAhead,
    Latency,
)
"""What every sandbox can be switched to."""
