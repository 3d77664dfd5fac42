"""The contract suite."""

from __future__ import annotations

from ordersync.testing.contract import ConnectorContract


class TestShopify(ConnectorContract):
    platform = "shopify"
