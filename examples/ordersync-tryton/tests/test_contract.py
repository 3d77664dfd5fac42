"""Everything that the core asks of a connector, asked of this one on its sandbox."""

from __future__ import annotations

from ordersync.testing.contract import ConnectorContract


class TestTryton(ConnectorContract):
    platform = "tryton"
