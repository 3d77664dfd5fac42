"""What is measured, by name."""

from bench.cases.budgets import BUDGETS
from bench.cases.carrying import CARRYING
from bench.cases.hooks import HOOKS
from bench.cases.ledger import LEDGER
from bench.cases.memory import MEMORY
from bench.cases.requests import REQUESTS
from bench.cases.rooms import ROOMS
from bench.cases.startup import STARTUP

__all__ = ["CASES"]

CASES = {case.name: case for case in (*CARRYING, *ROOMS, REQUESTS, BUDGETS, MEMORY, LEDGER, STARTUP, HOOKS)}
