"""The main job, both ways: orders of one sandbox become orders of the other, once, whole, to the cent."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.errors import AccessDenied
from ordersync.ledger import State
from ordersync.model import MoneySet, OrderQuery
from ordersync.transfer import Progress

ODOO = [
    {"version": version, "rounding": rounding}
    for version in ("17", "19")
    for rounding in ("round_per_line", "round_globally")
]


@pytest.mark.parametrize("options", ODOO, ids=lambda o: f"{o['version']}-{o['rounding']}")
def test_shopify_orders_become_sale_orders(options: dict[str, str]) -> None:
    pair = Pair(orders=60, target_options=options)
    with pair.host() as host:
        source = host.connection("shop")
        read = [order for page in source.list_orders(OrderQuery()) for order in page.orders]
        expected = {order.number: order.in_set(MoneySet.PRESENTMENT) for order in read}
        report = host.sync("orders", everything=True)
        assert (report.seen, report.created, report.parked, report.skipped, report.failed) == (
            60,
            56,
            1,
            3,
            0,
        )
        assert report.totals_checked == 56
        assert report.reasons == {"unknown_sku": 1}
        made = pair.made()
        assert max(Counter(one.key for one in made).values()) == 1
        keys = {row.key: row.number for row in host.orders("orders", state="done")}
        assert {one.key for one in made} == set(keys)
        for one in made:
            assert one.key
            order = expected[keys[one.key]]
            assert (one.currency, one.total, one.tax) == (order.currency, order.total, order.tax), (
                order.number
            )
            assert one.lines >= len(order.lines) + len(order.charges)
        again = host.sync("orders", everything=True)
        assert (again.created, again.failed) == (0, 0)
    assert len(pair.made()) == 56


@pytest.mark.parametrize("version", ["17", "19"])
def test_sale_orders_become_shopify_orders(version: str) -> None:
    pair = Pair(source="erp-odoo", target="shopify", orders=60, source_options={"version": version})
    with pair.host() as host:
        source = host.connection("shop")
        read = {order.id: order for page in source.list_orders(OrderQuery()) for order in page.orders}
        report = host.sync("orders", everything=True)
        assert report.failed == 0
        assert report.reasons == {"missing_sku": 1}
        assert report.created >= 50
        rows = {row.key: row for row in host.orders("orders", state="done")}
        made = pair.made()
        assert {one.key for one in made} == set(rows)
        assert len(made) == report.created
        for one in made:
            assert one.key
            order = read[rows[one.key].source_id]
            assert (one.currency, one.total, one.tax) == (order.currency, order.total, order.tax), (
                order.number
            )
        assert host.sync("orders", everything=True).created == 0


def test_orders_that_were_carried_over_are_not_carried_back() -> None:
    pair = Pair(orders=12)
    pair.route = {"policies": {"money": "presentment"}}
    with pair.host() as host:
        host.sync("orders", everything=True)
    settings = host.settings.model_copy(
        update={
            "routes": {
                "back": host.settings.routes["orders"].model_copy(
                    update={"name": "back", "source": "erp", "target": "shop"}
                )
            }
        }
    )
    before = len(pair.shop.standing())
    from ordersync.host import Host

    transports = {"shop": pair.shop.transport(), "erp": pair.erp.transport()}
    with Host.open(settings, clock=pair.clock, transports=transports, workers=1) as back:
        report = back.sync("back", everything=True)
    assert report.created == 0
    assert report.skipped == report.seen > 0
    assert len(pair.shop.standing()) == before


def test_interrupted_and_begun_again() -> None:
    pair = Pair(orders=80)
    stop = threading.Event()

    def after_some(progress: Progress) -> None:
        if progress.created >= 7:
            stop.set()

    ledger_file = None
    with pair.host() as host:
        first = host.sync("orders", everything=True, stop=stop, progress=after_some)
        assert first.interrupted
        assert 7 <= first.created < 70
        assert set(host.ledger.counts("orders")) <= {State.DONE, State.SEEN, State.PARKED, State.SKIPPED}
        second = host.sync("orders", everything=True)
        assert first.created + second.created == 75
        assert second.failed == 0
    assert ledger_file is None
    made = pair.made()
    assert len(made) == len({one.key for one in made}) == 75
    whole = Pair(orders=80)
    with whole.host() as host:
        host.sync("orders", everything=True)
    assert {(one.key, one.lines, one.total) for one in made} == {
        (one.key, one.lines, one.total) for one in whole.made()
    }


def test_a_wrong_token_parks_nothing() -> None:
    pair = Pair(orders=5)
    with pair.host(api_key="wrong-key-of-nobody") as host:
        with pytest.raises(AccessDenied) as error:
            host.sync("orders", everything=True)
        assert "wrong-key-of-nobody" not in str(error.value)
        assert host.ledger.counts("orders") == {}


def test_an_ambiguous_sku_and_a_deleted_variant_park_alone() -> None:
    pair = Pair(orders=10)
    pair.route = {
        "policies": {"money": "presentment"},
        "aliases": {"MUG-01": "TWIN-01", "PEN-01": "NOT-THERE"},
    }
    with pair.host() as host:
        report = host.sync("orders", everything=True)
        assert set(report.reasons) == {"ambiguous_sku", "unknown_sku"}
        assert report.created > 0
        for row in host.orders("orders", state="parked"):
            assert row.problem is not None
            assert row.problem.remedy


def test_what_a_person_must_set_up_is_named() -> None:
    pair = Pair(orders=3, target_options={"setup": "none"})
    with pair.host() as host:
        findings = [finding for finding in host.check() if finding.level == "problem"]
        text = " ".join(finding.message for finding in findings)
        for needed in ("OS-SHIPPING", "OS-ROUNDING"):
            assert needed in text
        assert len(findings) >= 3


def test_customers_are_found_or_created_once() -> None:
    pair = Pair(orders=60)
    with pair.host() as host:
        host.sync("orders", everything=True)
        state: Any = pair.erp.standing()
    by_customer = Counter(one.customer for one in state if one.key)
    assert len(by_customer) < 40, "known customers are found again"


def test_the_order_date_survives_confirmation() -> None:
    pair = Pair(orders=4)
    with pair.host() as host:
        host.sync("orders", everything=True)
        target = host.connection("erp")
        shop = {
            row.target_id: host.connection("shop").get_order(row.source_id)
            for row in host.orders("orders", state="done")
        }
        for target_id, source in shop.items():
            assert target_id
            order = target.get_order(target_id)
            assert order is not None
            assert source is not None
            assert order.placed_at == source.placed_at.replace(microsecond=0)
            assert order.key


def test_no_float_touches_money_on_the_way() -> None:
    from pydantic import BaseModel

    import ordersync_erp_odoo.wire as odoo
    import ordersync_shopify.wire as shopify
    from ordersync.testing.floats import float_fields

    for module in (odoo, shopify):
        models = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, BaseModel)
        ]
        assert len(models) > 5
        assert float_fields(*models) == []
    assert Decimal("0.1") + Decimal("0.2") == Decimal("0.3")
