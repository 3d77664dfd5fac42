"""Real input: bodies that vendors document, payloads that applications push, orders with exact totals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.connection import Connection
from ordersync.discovery import connector_class, sandbox_class
from ordersync.extensions import Extensions
from ordersync.host import Host
from ordersync.ledger import Ledger
from ordersync.model import Policies, Route
from ordersync.settings import settings_of
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.specs import vendor_specs
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

SETTINGS = [
    {"version": version, "rounding": rounding, "protocols": protocols}
    for version, protocols in (("17", "both"), ("19", "both"), ("19", "json-rpc"))
    for rounding in ("round_per_line", "round_globally")
]


def seed(name: str) -> Path:
    named = os.environ.get("ORDERSYNC_SPECS")
    roots = [Path(named).parent] if named else [folder / "shared" for folder in Path.cwd().resolve().parents]
    for root in roots:
        if (root / "seed-payloads" / name).is_file():
            return root / "seed-payloads" / name
    message = f"{name} is not here; set ORDERSYNC_SPECS to the folder beside seed-payloads"
    if os.environ.get("CI") or named:
        pytest.fail(message)
    pytest.skip(message)


@pytest.mark.parametrize("options", SETTINGS, ids=lambda o: "-".join(o.values()))
def test_every_money_case_comes_out_to_the_cent_in_odoo(options: dict[str, str]) -> None:
    clock = VirtualClock()
    sandbox = sandbox_class("erp-odoo")(clock=clock, options=options)
    shop = ReferenceStore(account="cases")
    cases = {case["id"]: case for case in money_cases()}
    assert len(cases) == 40
    for case in cases.values():
        order = order_of_case(case)
        shop.orders[order.id] = order
    source = ReferenceConnector(ReferenceSettings(), Access(clock=clock))
    source._store = shop
    connector = connector_class("erp-odoo")
    section = {k: v for k, v in sandbox.settings("http://odoo.sandbox").items() if k != "connector"}
    access = Access(clock=clock, transport=sandbox.transport())
    target = Connection(
        "erp", "erp-odoo", connector(connector.settings_model.model_validate(section), access)
    )
    ledger = Ledger("sqlite://", clock=clock)
    route = Route(name="cases", source="cases", target="erp", policies=Policies(guests="create"))
    transfer = Transfer(
        route,
        Connection("cases", "reference", source),
        target,
        ledger,
        Extensions([("policies", Rules(route))]),
        clock=clock,
        workers=1,
    )
    report = transfer.sync()
    parked = {row.source_id: row.problem for row in ledger.rows("cases") if row.problem}
    assert parked == {}
    assert (report.created, report.totals_checked, report.failed) == (40, 40, 0)
    standing = {one.key: one for one in sandbox.standing() if one.key}
    assert len(standing) == 40
    for row in ledger.rows("cases"):
        want = cases[row.source_id]["expected"]
        one = standing[row.key]
        assert (one.net, one.tax, one.total) == tuple(
            Decimal(want[name]) for name in ("untaxed", "tax", "total")
        ), row.source_id
    target.close()
    ledger.close()


def rest_bodies() -> Iterator[dict[str, Any]]:
    folder = vendor_specs("shopify") / "samples" / "vendor-rest"
    yield json.loads((folder / "order.json").read_text("utf-8"))["order"]
    yield from json.loads((folder / "orders.json").read_text("utf-8"))["orders"]


def test_the_vendors_order_bodies_pass_into_odoo() -> None:
    pair = Pair(orders=0, route={"policies": {"money": "presentment", "unknown_sku": "custom_line"}})
    shop: Any = pair.shop
    loaded = {shop.load_rest_order(body): body for body in rest_bodies()}
    assert len(loaded) >= 1
    with pair.host() as host:
        orders = {order_id: host.connection("shop").get_order(order_id) for order_id in loaded}
        report = host.sync("orders", everything=True)
        rows = {row.source_id: row for row in host.orders("orders")}
        standing = {one.key: one for one in pair.made()}
        for order_id, body in loaded.items():
            order = orders[order_id]
            assert order is not None
            row = rows[order_id]
            if order.findings:
                assert row.problem is not None
                assert row.problem.code == "source_totals_differ"
                continue
            one = standing[row.key]
            assert one.total == Decimal(body["total_price"]), (order_id, row)
            assert one.tax == Decimal(body["total_tax"])
        assert report.failed == 0


def file_host(folder: Path, odoo: Any, clock: VirtualClock) -> Host:
    return Host.open(
        settings_of(
            {
                "ledger": {"url": "sqlite://"},
                "connections": {
                    "inbox": {"connector": "file", "path": str(folder), "account": "web"},
                    "erp": odoo.settings("http://odoo.sandbox"),
                },
                "routes": {
                    "web": {"source": "inbox", "target": "erp", "policies": {"unknown_sku": "custom_line"}}
                },
            }
        ),
        clock=clock,
        transports={"erp": odoo.transport()},
        workers=1,
    )


@pytest.mark.parametrize("version", ["17", "19"])
def test_a_pushed_order_goes_from_a_file_into_odoo_to_the_cent(tmp_path: Path, version: str) -> None:
    clock = VirtualClock()
    odoo = sandbox_class("erp-odoo")(clock=clock, options={"version": version})
    (tmp_path / "order.json").write_bytes(seed("pushed-order.json").read_bytes())
    with file_host(tmp_path, odoo, clock) as host:
        report = host.sync("web", everything=True)
        assert (report.created, report.parked, report.totals_checked) == (1, 0, 1), list(host.orders("web"))
        (row,) = host.orders("web")
        (one,) = [one for one in odoo.standing() if one.key == row.key]
    assert [str(one.total), str(one.tax), one.currency] == ["97.61", "7.65", "USD"]


def test_the_unified_list_parks_what_does_not_add_up(tmp_path: Path) -> None:
    clock = VirtualClock()
    odoo = sandbox_class("erp-odoo")(clock=clock)
    (tmp_path / "list.json").write_bytes(seed("unified-orders-list.json").read_bytes())
    with file_host(tmp_path, odoo, clock) as host:
        report = host.sync("web", everything=True)
        codes = {row.number: row.problem.code if row.problem else "" for row in host.orders("web")}
    assert report.created == 0
    assert codes == {"2001": "source_totals_differ", "2002": "source_totals_differ", "2003": "filtered"}
