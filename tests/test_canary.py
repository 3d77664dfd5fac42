"""Nothing secret and nothing personal leaves its place: logs, errors, `repr`, and the ledger but for its payload table."""

from __future__ import annotations

import logging
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.errors import OrderSyncError
from ordersync.model import Cancel, OrderQuery, OrderRef
from ordersync.testing import seeds

ORDERS = 40


def personal() -> set[str]:
    """What the sample orders say about people."""
    found = set()
    for order in seeds.sample_orders(0, ORDERS):
        found |= {order.email or ""}
        for address in (order.address, order.customer.address if order.customer else None):
            if address:
                found |= {address.line1, address.phone or "", f"{address.first_name} {address.last_name}"}
    for person in seeds.customers():
        found |= {person.email, person.phone or "", person.address.line1}
    return found - {""}


@pytest.mark.parametrize(("source", "target"), [("shopify", "erp-odoo"), ("erp-odoo", "shopify")])
def test_nothing_leaks(
    source: str,
    target: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair = Pair(source=source, target=target, orders=ORDERS, ledger=f"sqlite:///{tmp_path / 'ledger.db'}")
    secrets = {
        str(value)
        for sandbox in (pair.shop, pair.erp)
        for name, value in sandbox.settings("http://x").items()
        if name in ("access_token", "webhook_secret", "api_key")
    }
    assert len(secrets) >= 3
    people = personal()
    assert len(people) > 40
    said = []
    with caplog.at_level(logging.DEBUG), pair.host() as host:
        logging.getLogger("ordersync").propagate = True
        connection = host.connection("erp")
        orders = [
            order for page in host.connection("shop").list_orders(OrderQuery()) for order in page.orders
        ]
        said += [repr(orders), str(orders), repr(host), repr(host.settings), repr(connection.connector)]
        host.sync("orders", everything=True)
        said += [repr(row) for row in host.orders("orders")]
        for order_id in ("0", "999999999"):
            try:
                connection.update_order(OrderRef(id=order_id), Cancel(), "os-x")
            except OrderSyncError as error:
                said += [str(error), repr(error)]
    with pair.host(
        **{"api_key" if target == "erp-odoo" else "access_token": "canary-of-a-wrong-key"}
    ) as host:
        try:
            host.sync("orders", everything=True)
        except OrderSyncError as error:
            chain: BaseException | None = error
            while chain is not None:
                said += [str(chain), repr(chain)]
                chain = chain.__cause__ or chain.__context__
    ledger = sqlite3.connect(tmp_path / "ledger.db")
    tables = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert {"orders", "payloads", "customers", "runs", "told"} <= set(tables)
    rows = {name: repr(ledger.execute(f"SELECT * FROM {name}").fetchall()) for name in tables}
    ledger.close()
    seen = {
        "logs": caplog.text,
        "output": "".join(capsys.readouterr()),
        "repr and errors": " ".join(said),
        **{f"table {name}": text for name, text in rows.items() if name != "payloads"},
    }
    assert len(seen["logs"]) > 1000
    for where, text in seen.items():
        for word in {*people, *secrets, "canary-of-a-wrong-key"}:
            assert word not in text, f"{word!r} stands in {where}"
