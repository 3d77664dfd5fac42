"""The contract suite: what every connector must hold, run against its sandbox or a real account.

from ordersync.testing.contract import ConnectorContract

class TestAcme(ConnectorContract):
    platform = "acme"
"""

from __future__ import annotations

from ordersync.testing.contract.absent import Absent
from ordersync.testing.contract.batches import Batches
from ordersync.testing.contract.changes import Changes
from ordersync.testing.contract.closing import Closing, Threads
from ordersync.testing.contract.money import Money
from ordersync.testing.contract.paging import Paging
from ordersync.testing.contract.patience import Patience
from ordersync.testing.contract.people import People
from ordersync.testing.contract.placing import Placing
from ordersync.testing.contract.read_verdicts import ReadVerdicts
from ordersync.testing.contract.saying import rule
from ordersync.testing.contract.secrets import Secrets
from ordersync.testing.contract.shape import Shape
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.contract.tolerance import Tolerance
from ordersync.testing.contract.webhooks import Webhooks
from ordersync.testing.contract.write_verdicts import WriteVerdicts

__all__ = [
    "Absent",
    "Batches",
    "Changes",
    "Closing",
    "ConnectorContract",
    "Money",
    "OpenStand",
    "Paging",
    "Patience",
    "People",
    "Placing",
    "ReadVerdicts",
    "Secrets",
    "Shape",
    "Stand",
    "Subject",
    "Threads",
    "Tolerance",
    "Webhooks",
    "WriteVerdicts",
    "rule",
]


class ConnectorContract(
    Shape,
    Absent,
    Paging,
    Money,
    Placing,
    People,
    Tolerance,
    Patience,
    Secrets,
    Closing,
    Threads,
    Webhooks,
    Batches,
    Changes,
    ReadVerdicts,
    WriteVerdicts,
):
    """All of it. Subclass it in a plugin's `tests/test_contract.py` and set `platform`."""
