"""What keeps an order from being made twice is tried on every platform that brings a sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.platforms import with_sandbox
from ordersync.testing.safety import observed_write_safety
from ordersync.transfer.plans import read_plan


def targets() -> list[str]:
    """The installed connectors that create orders and bring a sandbox."""
    return with_sandbox("create_order", "create_orders")


@pytest.mark.parametrize("target", targets())
def test_a_target_is_as_safe_as_it_says(target: str, tmp_path: Path) -> None:
    source = "shopify" if target != "shopify" else "erp-odoo"
    pair = Pair(source=source, target=target, orders=8)
    file = tmp_path / "orders.plan"
    with pair.host() as host:
        host.sync("orders", everything=True, limit=1)
        list(host.plan("orders", out=file))
        connection = host.connection("erp")
        connection.check_access(thorough=False)
        for entry in read_plan(file).entries.values():
            if entry.draft is None:
                continue
            draft = entry.draft
            if draft.customer_ref is None and draft.customer is not None and entry.customer is not None:
                ref = connection.create_customer(draft.customer, entry.customer.key)
                draft = draft.model_copy(update={"customer_ref": ref})
            assert observed_write_safety(connection, pair.erp, draft, pair.clock) == connection.write_safety
            return
    pytest.fail("no order of the source could be drafted")


def test_every_platform_here_can_be_asked_twice() -> None:
    assert {"shopify", "erp-odoo"} <= set(targets())
    assert "create_order" in vars(ConnectorSpecs)
