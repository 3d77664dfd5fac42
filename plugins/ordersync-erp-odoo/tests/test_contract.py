"""The contract suite: on Odoo 19, which is asked over JSON-2, and on 17, which has JSON-RPC only."""

from __future__ import annotations

from types import MappingProxyType

from ordersync.testing.contract import ConnectorContract


class TestOdoo19(ConnectorContract):
    platform = "erp-odoo"


class TestOdoo17(ConnectorContract):
    platform = "erp-odoo"
    options = MappingProxyType({"version": "17"})
