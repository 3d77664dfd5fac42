"""The real transfer under every quirk, of the way to the shop and of the shop itself, at either end; and a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from ordersync import AccessDenied, Delivery
from ordersync.testing import serve
from ordersync.testing.trial import Trial
from ordersync.web import Access, VirtualClock
from ordersync_woocommerce import WooCommerceConnector
from ordersync_woocommerce.sandbox import Sandbox

SHUT = "stripped_header"
"""Nobody comes in at all: it has a test of its own."""


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("quirk", [kind.name for kind in Sandbox.quirk_kinds() if kind.name != SHUT])
def test_the_transfer_keeps_its_promises_under_every_quirk(side: Any, quirk: str) -> None:
    with Trial("woocommerce", {quirk: ""}, side=side, orders=4) as trial:
        assert trial.run() <= 4
        assert trial.wrong() == []


def test_every_quirk_tells_its_symptom_and_where_it_was_told() -> None:
    for kind in Sandbox.own_quirks:
        assert kind.symptom().endswith(".")
        assert kind.story()
        assert kind.told
        assert all(address.startswith("https://") for address in kind.told)


def settings_of(sandbox: Sandbox, url: str, **more: Any) -> Any:
    section = {**sandbox.settings(url), **more}
    del section["connector"]
    return WooCommerceConnector.settings_model.model_validate(section)


def connected(sandbox: Sandbox, url: str, **more: Any) -> WooCommerceConnector:
    return WooCommerceConnector(
        settings_of(sandbox, url, **more), Access(transport=sandbox.transport(), clock=sandbox.clock)
    )


def test_a_key_in_the_query_comes_through_a_server_that_takes_headers_away() -> None:
    sandbox = Sandbox(clock=VirtualClock(), quirks={SHUT: ""})
    shut = connected(sandbox, "https://shop.sandbox")
    with pytest.raises(AccessDenied, match="cannot_view"):
        shut.check_access(thorough=False)
    assert connected(sandbox, "https://shop.sandbox", key_in="query").check_access(thorough=True).scopes
    with pytest.raises(ValueError, match="https"):
        connected(sandbox, "http://shop.sandbox", key_in="query")


def test_webhooks_alone_would_lose_orders() -> None:
    sandbox = Sandbox(clock=VirtualClock(), quirks={"lost_calls": ""}, orders=4)
    connector = connected(sandbox, "http://shop.sandbox")
    connector.subscribe("https://hooks.example/x", ["order.updated"])
    sandbox.deliveries()
    for order in sandbox.store.orders.values():
        sandbox.orders.update(order, {}, sandbox.now)
    heard = [
        event.order_id
        for call in sandbox.deliveries()
        for event in connector.receive(Delivery(dict(call.headers), call.body, sandbox.now)).events
    ]
    assert len(heard) == 2


def test_it_is_served_on_a_socket_where_signatures_hold_the_port() -> None:
    sandbox = Sandbox(orders=3)
    with serve(sandbox) as served:
        connector = WooCommerceConnector(settings_of(sandbox, served.url), Access())
        assert connector.check_access(thorough=True).problems == ()
        assert connector.resolve_sku("LAMP-01") is not None
        connector.close()
