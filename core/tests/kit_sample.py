"""A small platform of the kit's parts, for tests of one part at a time."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from ordersync.testing import StandingOrder
from ordersync.testing.kit import (
    Answer,
    Call,
    LateIndex,
    LostWebhooks,
    NumberedPages,
    Pages,
    Part,
    RepeatedWebhooks,
    RestSandbox,
    SmallPages,
    route,
)
from ordersync.testing.quirks import Quirk
from ordersync.web import (
    VirtualClock,
)

START = VirtualClock().now()


class Plain(RestSandbox):
    """Rows to list, to read, and to write; whoever comes may do so."""

    platform: ClassVar[str] = "plain"
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = (LateIndex, SmallPages, RepeatedWebhooks, LostWebhooks)
    pages: Pages = NumberedPages(items="rows")

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url}

    def stands(self, order: dict[str, Any]) -> StandingOrder | None:
        return None

    @route("GET", "/rows", scope="rows:read")
    def rows(self, call: Call) -> Answer:
        return self.pages.page(call, self.orders.listed(), show=lambda row: {"id": row["id"]})

    @route("POST", "/rows", status=201, scope="rows:write", cost=2)
    @route("PUT", "/rows", status=202)
    def add(self, call: Call) -> dict[str, Any]:
        return self.orders.add(dict(call.fields))

    @route("POST", "/odd")
    def odd(self, call: Call) -> Answer:
        row = self.orders.add({})
        return Answer(row, 409 if row["id"] == 1 else 201)

    @route("DELETE", "/rows/<int:id>")
    def remove(self, call: Call, id: int) -> None:
        self.orders.remove(id)

    @route("GET", "/ping", open=True)
    def ping(self, call: Call) -> dict[str, Any]:
        return {"at": call.now, "since": call.moment("since")}


def made(part: Part | None = None, name: str = "", clock: VirtualClock | None = None, **more: Any) -> Plain:
    """A sandbox of a class with one part more."""
    kind = type("Made", (Plain,), {} if part is None else {name: part})
    sandbox: Plain = kind(clock=clock or VirtualClock(), **more)
    return sandbox


def http(sandbox: RestSandbox, **more: Any) -> httpx.Client:
    return httpx.Client(transport=sandbox.transport(), base_url="http://plain.example", **more)
