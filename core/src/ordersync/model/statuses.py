"""The three statuses of an order; each also `unknown`, with the platform's own word kept beside it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["FulfillmentStatus", "OrderStatus", "PaymentStatus"]


class OrderStatus(StrEnum):
    OPEN = "open"
    HELD = "held"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    UNKNOWN = "unknown"


class FulfillmentStatus(StrEnum):
    UNFULFILLED = "unfulfilled"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    RETURNED = "returned"
    UNKNOWN = "unknown"
