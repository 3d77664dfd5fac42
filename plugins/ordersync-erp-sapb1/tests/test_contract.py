"""The contract suite: over v2; what differs over v1; and where SKUs are bar codes, which are not unique."""

from __future__ import annotations

from types import MappingProxyType

from ordersync.testing.contract import Absent, Batches, ConnectorContract, Paging, People, Placing
from ordersync.testing.seeds import catalogue


class TestSapB1(ConnectorContract):
    platform = "erp-sapb1"


class TestV1(Paging, Placing, Batches):
    platform = "erp-sapb1"
    options = MappingProxyType({"version": "v1"})


class TestBarCodes(Absent, People):
    platform = "erp-sapb1"
    options = MappingProxyType({"sku": "BarCode"})
    sku = catalogue()[0].barcode
