"""The contract suite for a connector that is installed:

pytest --pyargs ordersync.testing.contract.suite --ordersync-platform NAME
"""

from __future__ import annotations

from ordersync.testing.contract import ConnectorContract

__all__ = ["TestInstalled"]


class TestInstalled(ConnectorContract):
    """Whichever connector `--ordersync-platform` names."""
