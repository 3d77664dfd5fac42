"""Status words that applications use, and what they mean here. Case and separators do not matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from ordersync.model import FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = ["SENT", "fulfillment_status", "normal", "order_status", "payment_status", "word_for"]

_Status = TypeVar("_Status", bound=StrEnum)


def _table(words: Mapping[_Status, str]) -> dict[str, _Status]:
    return {word: status for status, listed in words.items() for word in listed.split()}


_ORDER = _table(
    {
        OrderStatus.OPEN: "open new pending placed created received accepted confirmed processing in_progress paid "
        "authorized ready partially_shipped partially_fulfilled",
        OrderStatus.HELD: "held hold on_hold review in_review fraud_review awaiting_payment pending_payment draft",
        OrderStatus.COMPLETED: "completed complete closed done archived shipped fulfilled delivered refunded returned",
        OrderStatus.CANCELLED: "cancelled canceled voided void rejected declined expired failed deleted",
    }
)
_PAYMENT = _table(
    {
        PaymentStatus.PENDING: "pending unpaid open due awaiting_payment not_paid",
        PaymentStatus.AUTHORIZED: "authorized authorised",
        PaymentStatus.PARTLY_PAID: "partly_paid partially_paid partial",
        PaymentStatus.PAID: "paid captured settled completed succeeded",
        PaymentStatus.PARTLY_REFUNDED: "partly_refunded partially_refunded",
        PaymentStatus.REFUNDED: "refunded",
        PaymentStatus.VOIDED: "voided void cancelled canceled",
    }
)
_FULFILLMENT = _table(
    {
        FulfillmentStatus.UNFULFILLED: "unfulfilled unshipped not_fulfilled not_shipped pending open",
        FulfillmentStatus.PARTIAL: "partial partially_fulfilled partly_fulfilled partially_shipped",
        FulfillmentStatus.FULFILLED: "fulfilled shipped delivered complete completed",
        FulfillmentStatus.RETURNED: "returned restocked",
    }
)
SENT = frozenset("shipped fulfilled delivered".split())
"""Order statuses that also say that everything was sent."""


def normal(word: str) -> str:
    """`PartiallyPaid`, `partially-paid` and `Partially paid` are one word: `partially_paid`."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word.strip())).lower()


def order_status(word: str | None) -> OrderStatus:
    """An order that does not say is open; a word that nobody knows is `unknown`."""
    return _ORDER.get(normal(word), OrderStatus.UNKNOWN) if word else OrderStatus.OPEN


def payment_status(word: str | None) -> PaymentStatus:
    return _PAYMENT.get(normal(word), PaymentStatus.UNKNOWN) if word else PaymentStatus.UNKNOWN


def fulfillment_status(word: str | None) -> FulfillmentStatus:
    return _FULFILLMENT.get(normal(word), FulfillmentStatus.UNKNOWN) if word else FulfillmentStatus.UNKNOWN


def word_for(status: _Status, own: str | None, meant: _Status, words: Mapping[_Status, str]) -> str | None:
    """The payload's own word while it still means `status`, else the shape's word; None if it has none."""
    return own if own is not None and meant == status else words.get(status)
