"""The contract suite: on an account with SuiteTax and OAuth 2.0, and its secrets where requests are signed one by one."""

from __future__ import annotations

from types import MappingProxyType

from ordersync.testing.contract import ConnectorContract, Secrets


class TestNetSuite(ConnectorContract):
    platform = "erp-netsuite"


class TestTokenBased(Secrets):
    platform = "erp-netsuite"
    options = MappingProxyType({"auth": "tba"})
