"""What was seen, sent, done and parked on each route: the memory that makes exactly-once possible."""

from ordersync.ledger.book import Ledger
from ordersync.ledger.budgets import BudgetBook
from ordersync.ledger.customers import CustomerBook, CustomerClaim
from ordersync.ledger.items import ItemBook
from ordersync.ledger.meeting import Mark, Met
from ordersync.ledger.parking import Cause, Halt, ParkBook
from ordersync.ledger.pruning import PruneBook, Pruned
from ordersync.ledger.restoring import ADOPTED, Kept, RestoreBook, Restored
from ordersync.ledger.rows import Claim, Outcome, Row, Seen, fingerprint
from ordersync.ledger.runs import RunBook, Telling
from ordersync.ledger.states import STEPS, State
from ordersync.ledger.store import Store

__all__ = [
    "ADOPTED",
    "STEPS",
    "BudgetBook",
    "Cause",
    "Claim",
    "CustomerBook",
    "CustomerClaim",
    "Halt",
    "ItemBook",
    "Kept",
    "Ledger",
    "Mark",
    "Met",
    "Outcome",
    "ParkBook",
    "PruneBook",
    "Pruned",
    "RestoreBook",
    "Restored",
    "Row",
    "RunBook",
    "Seen",
    "State",
    "Store",
    "Telling",
    "fingerprint",
]
