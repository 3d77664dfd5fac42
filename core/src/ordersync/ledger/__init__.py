"""What was seen, sent, done and parked on each route: the memory that makes exactly-once possible."""

from ordersync.ledger.book import Ledger
from ordersync.ledger.customers import CustomerBook, CustomerClaim
from ordersync.ledger.rows import Claim, Outcome, Row, Seen, fingerprint
from ordersync.ledger.runs import RunBook, Telling
from ordersync.ledger.states import STEPS, State
from ordersync.ledger.store import Store

__all__ = [
    "STEPS",
    "Claim",
    "CustomerBook",
    "CustomerClaim",
    "Ledger",
    "Outcome",
    "Row",
    "RunBook",
    "Seen",
    "State",
    "Store",
    "Telling",
    "fingerprint",
]
