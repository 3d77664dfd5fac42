"""close() lets go of everything, also twice; several threads may ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from ordersync.errors import OrderSyncError, PluginBroken, Unreachable
from ordersync.testing.contract.asking import ASKINGS, READS
from ordersync.testing.contract.saying import broken, hold, none_of, rule
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["Closing", "Threads"]

TOGETHER = 0.02
"""Seconds that a request waits for others to be under way with it."""


class Closing(Subject):
    """`close()`."""

    @rule("closes")
    def test_close_lets_go_of_every_client(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=1)
        for hook in READS:
            if hook in stand.connection.offers:
                try:
                    outcome_of(stand, ASKINGS[hook].prepare(stand))
                except pytest.skip.Exception:
                    continue
        try:
            stand.connector.close()
            stand.connector.close()
        except Exception as error:  # noqa: BLE001 - whatever close() raises is told
            broken(
                "closes",
                expected="close() twice, without an error",
                seen=f"{type(error).__name__}: {error}",
                do="let close() close the clients and nothing else; a closed client may be closed again",
            )
        still = 0
        with stand.wire.watching() as seen:
            for client in stand.access.clients:
                try:
                    client.get()
                except Unreachable:
                    continue
                except OrderSyncError:
                    pass
                still += 1
        hold(
            not still and not seen,
            "closes",
            expected=f"all {len(stand.access.clients)} clients are closed",
            seen=f"{still} still send requests",
            do="call close() of every client that `access.client` gave you, or use it in a `with` block",
        )

    @rule("closes")
    def test_a_call_after_close_says_so(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=1)
        if not stand.access.clients:
            pytest.skip("the connector opens no connection")
        calls = {}
        for hook in ("check_access", "list_orders", "resolve_sku", "create_order"):
            if hook in stand.connection.offers:
                try:
                    calls[hook] = ASKINGS[hook].prepare(stand)
                except pytest.skip.Exception:
                    continue
        stand.connector.close()
        wrong = []
        for hook, call in calls.items():
            with stand.wire.watching() as seen:
                found = outcome_of(stand, call)
            if found.well and not seen:
                continue  # what is remembered may be told
            if seen or not isinstance(found.error, OrderSyncError) or isinstance(found.error, PluginBroken):
                wrong.append(f"{hook}: {found}, {len(seen)} requests")
        none_of(
            wrong,
            "closes",
            expected="Unreachable (the client is closed), and no request",
            do="open no new client behind close()",
        )


class Threads(Subject):
    """As many at once as `facts.concurrency` says."""

    @rule("thread_safe")
    def test_answers_are_right_when_several_ask_at_once(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=12)
        count = stand.connection.facts.concurrency
        if count < 2:
            pytest.skip("facts.concurrency is 1")
        offers = stand.connection.offers
        asks: list[tuple[str, Callable[[], Any]]] = []
        if "list_orders" in offers and "get_order" in offers:
            asks += [
                (f"get_order({order.id})", partial(stand.connection.get_order, order.id))
                for order in stand.some_orders(2)
            ]
        if "resolve_sku" in offers:
            item = stand.item()
            asks += [
                (f"resolve_sku({sku})", partial(stand.connection.resolve_sku, sku)) for sku in (item.sku, "x")
            ]
        if not asks:
            pytest.skip("no hook that reads one thing is offered")
        wanted = [call() for _, call in asks]
        under_way = threading.Barrier(count)

        def meet() -> None:
            """Let requests overlap, for a moment."""
            try:
                under_way.wait(TOGETHER)
            except threading.BrokenBarrierError:
                under_way.reset()

        fresh = open_stand(sandbox=stand.sandbox) if stand.sandbox else stand
        turns = [index % len(asks) for index in range(6 * count)]
        stand.wire.before = fresh.wire.before = meet
        with ThreadPoolExecutor(count) as pool:
            found = list(pool.map(lambda index: outcome_of(stand, asks[index][1]), turns))
        stand.wire.before = fresh.wire.before = None
        none_of(
            sorted(
                {
                    f"{asks[index][0]}: {one if not one.well else 'another answer than alone'}"
                    for index, one in zip(turns, found, strict=True)
                    if not one.well or one.value != wanted[index]
                }
            )[:6],
            "thread_safe",
            expected=f"with {count} threads the answers of one",
            do="keep nothing of a call on the connector; guard what is looked up once with a lock; or lower"
            " facts.concurrency",
        )

    @rule("thread_safe")
    def test_a_new_connector_may_be_asked_by_several_at_once(self, open_stand: OpenStand) -> None:
        """What is looked up at the first call is looked up by all of them."""
        stand = open_stand(orders=3)
        count = min(4, stand.connection.facts.concurrency)
        if count < 2 or stand.sandbox is None:
            pytest.skip("facts.concurrency is 1, or there is no sandbox")
        hook = next((name for name in ("list_orders", "resolve_sku") if name in stand.connection.offers), "")
        if not hook:
            pytest.skip("neither list_orders nor resolve_sku is offered")
        fresh = open_stand(sandbox=stand.sandbox)
        calls = [ASKINGS[hook].prepare(fresh) for _ in range(count)]
        with ThreadPoolExecutor(count) as pool:
            found = list(pool.map(lambda call: outcome_of(fresh, call), calls))
        none_of(
            {f"{hook}: {one}" for one in found if not one.well},
            "thread_safe",
            expected=f"{count} answers to {count} first calls at once",
            do="guard what is looked up at the first call with a lock",
        )
