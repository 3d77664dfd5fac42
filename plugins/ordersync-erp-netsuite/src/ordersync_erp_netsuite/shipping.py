"""Goods that left: a sales order is transformed to an item fulfilment, which is read back."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

from ordersync import ZERO, Fulfillment, Refused, UnexpectedReply
from ordersync_erp_netsuite.mapping import UNSHIPPED, in_order
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite
from ordersync_erp_netsuite.wire import FulfillmentRecord, OrderLine, OrderRecord

__all__ = ["Dock"]

SHIPPED = "C"
"""The status of a fulfilment: A picked, B packed, C shipped."""
_MUST_WEIGH = Decimal(1)
"""A package needs a weight; ours is not known."""


class Dock:
    """Makes item fulfilments."""

    def __init__(self, suite: Suite, settings: NetSuiteSettings, log: logging.Logger) -> None:
        self._suite = suite
        self._settings = settings
        self._log = log

    def ship(self, order: OrderRecord, fulfillment: Fulfillment, key: str) -> None:
        """Ship these lines, or all that is open, once: the fulfilment carries the key as its external id.

        Raises Refused if a line is not there or has less left than is shipped.
        """
        if self._suite.record("itemFulfillment", f"eid:{key}") is not None:
            return
        wanted = self._wanted(order, fulfillment)
        numbers = [each for each in fulfillment.tracking if each.number]
        body: dict[str, Any] = {
            "externalId": key,
            "shipStatus": {"id": SHIPPED},
            "item": {"items": [self._line(line, wanted.get(line.line)) for line in _open(order)]},
        }
        if numbers:
            body["memo"] = ", ".join(f"{each.carrier or ''} {each.number}".strip() for each in numbers)
            if self._settings.packages:
                body["package"] = {
                    "items": [
                        {
                            "packageTrackingNumber": each.number,
                            "packageDescr": each.carrier or "",
                            "packageWeight": _MUST_WEIGH,
                        }
                        for each in numbers
                    ]
                }
        made = self._suite.transform("salesOrder", order.id, "itemFulfillment", body)
        self._read_back(made, key, wanted, len(numbers))

    def _wanted(self, order: OrderRecord, fulfillment: Fulfillment) -> dict[str, Decimal]:
        left = {line.line: line.quantity - line.fulfilled for line in _open(order)}
        wanted = dict(fulfillment.lines) or left
        if not wanted:
            raise Refused("Nothing of the order is left to ship.")
        for line, quantity in wanted.items():
            if quantity > left.get(line, ZERO):
                raise Refused(
                    f"Of line {line} {left.get(line, ZERO)} are left, {quantity} cannot be shipped.",
                    remedy="Compare the order's fulfilments with the shop's.",
                )
        return wanted

    def _line(self, line: OrderLine, quantity: Decimal | None) -> dict[str, Any]:
        if not quantity:
            return {"orderLine": int(line.line), "itemReceive": False}
        body: dict[str, Any] = {"orderLine": int(line.line), "itemReceive": True, "quantity": quantity}
        if self._settings.location:
            body["location"] = {"id": self._settings.location}
        return body

    def _read_back(self, made: str | None, key: str, wanted: dict[str, Decimal], packages: int) -> None:
        data = self._suite.record("itemFulfillment", made or f"eid:{key}")
        if data is None:
            raise UnexpectedReply("NetSuite does not show a fulfilment that it has just made.")
        there = FulfillmentRecord.model_validate(data)
        shipped = {line.order_line: line.quantity for line in there.item.items if line.received}
        if shipped != wanted:
            raise UnexpectedReply(
                f"The fulfilment {there.number or there.id} holds other quantities than were sent.",
                remedy="Correct it in NetSuite.",
            )
        if self._settings.packages and len([each for each in there.package.items if each.number]) < packages:
            self._log.warning("NetSuite kept the tracking number in the fulfilment's memo only")


def _open(order: OrderRecord) -> list[OrderLine]:
    """Lines of which something can still be packed."""
    return [
        line
        for line in in_order(order.item.items)
        if not line.closed
        and line.fulfilled < line.quantity
        and (line.item_type is None or line.item_type.id not in UNSHIPPED)
    ]
