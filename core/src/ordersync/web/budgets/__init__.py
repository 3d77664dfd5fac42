"""Rate budgets in each platform's own terms: a permit is taken before a request, and settled with what the reply says."""

from ordersync.web.budgets.buckets import CostPoints, LeakyBucket
from ordersync.web.budgets.budget import Budget, Permit
from ordersync.web.budgets.registry import Budgets
from ordersync.web.budgets.rules import PerOperation, Report, Rule
from ordersync.web.budgets.shared import Cell, Shared
from ordersync.web.budgets.slots import InFlight
from ordersync.web.budgets.windows import QuotaWindow, SlidingWindow

__all__ = [
    "Budget",
    "Budgets",
    "Cell",
    "CostPoints",
    "InFlight",
    "LeakyBucket",
    "PerOperation",
    "Permit",
    "QuotaWindow",
    "Report",
    "Rule",
    "Shared",
    "SlidingWindow",
]
