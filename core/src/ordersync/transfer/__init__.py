"""Plan, resolve, fit, create, record, recover."""

from ordersync.transfer.engine import Transfer
from ordersync.transfer.fit import Unfit, fit, predict
from ordersync.transfer.report import OrderRow, Planned, Progress, RouteStatus

__all__ = ["OrderRow", "Planned", "Progress", "RouteStatus", "Transfer", "Unfit", "fit", "predict"]
