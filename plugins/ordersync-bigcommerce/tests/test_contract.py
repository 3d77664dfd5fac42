"""The contract suite; and what of it is another thing where orders wait for their totals."""

from __future__ import annotations

from types import MappingProxyType

from ordersync.testing.contract import Changes, ConnectorContract, Placing, Secrets


class TestBigCommerce(ConnectorContract):
    platform = "bigcommerce"


class TestUnconfirmedFirst(Placing, Changes, Secrets):
    platform = "bigcommerce"
    settings = MappingProxyType({"unconfirmed_first": True, "webhook_token": "agreed-token-canary"})
