"""The contract suite: on a shop over plain HTTP, where requests are signed, and its secrets where the key goes as it is."""

from __future__ import annotations

from types import MappingProxyType

from ordersync.testing.contract import ConnectorContract, Secrets


class TestWooCommerce(ConnectorContract):
    platform = "woocommerce"


class TestBasic(Secrets):
    platform = "woocommerce"
    settings = MappingProxyType({"url": "https://shop.sandbox"})


class TestKeyInQuery(Secrets):
    platform = "woocommerce"
    settings = MappingProxyType({"url": "https://shop.sandbox", "key_in": "query"})
