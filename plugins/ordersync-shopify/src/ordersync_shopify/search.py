"""Terms of Shopify's search syntax: `field:'value'`, joined by OR, ANDed by a space; times quoted and in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ordersync import OrderQuery, OrderStatus, PaymentStatus

__all__ = ["any_of", "orders_query", "term", "timestamp"]

_STATUSES = {
    OrderStatus.OPEN: "open",
    OrderStatus.COMPLETED: "closed",
    OrderStatus.CANCELLED: "cancelled",
}
_PAYMENTS = {
    PaymentStatus.AUTHORIZED: "authorized",
    PaymentStatus.PARTLY_PAID: "partially_paid",
    PaymentStatus.PAID: "paid",
    PaymentStatus.PARTLY_REFUNDED: "partially_refunded",
    PaymentStatus.REFUNDED: "refunded",
    PaymentStatus.VOIDED: "voided",
}
"""Not PENDING: an order that nobody paid may have no financial status at all (recorded), and no filter finds that."""


def term(field: str, value: str) -> str:
    """`field:"value"`, a phrase, with what would end it escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}:"{escaped}"'


def any_of(field: str, values: Iterable[str]) -> str:
    """One of the values: terms joined by OR."""
    return " OR ".join(term(field, value) for value in values)


def timestamp(time: datetime, *, up: bool = False) -> str:
    """A time as the search takes it: UTC, whole seconds, rounded down or up."""
    whole = time.astimezone(UTC)
    if whole.microsecond:
        whole = whole.replace(microsecond=0) + timedelta(seconds=1 if up else 0)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def orders_query(query: OrderQuery, since: datetime | None) -> str | None:
    """What of `query` Shopify can filter, from `since` on; None for everything.

    Fulfilment and currency are left to the caller: the filter's values do not cover the statuses, and there is none.
    """
    terms = []
    if since is not None:
        terms.append(f"updated_at:>='{timestamp(since)}'")
    if query.updated_to is not None:
        terms.append(f"updated_at:<='{timestamp(query.updated_to, up=True)}'")
    if query.placed_from is not None:
        terms.append(f"processed_at:>='{timestamp(query.placed_from)}'")
    if (
        query.statuses is not None
        and query.statuses <= _STATUSES.keys()
        and len(query.statuses) < len(_STATUSES)
    ):
        terms.append(_group("status", (_STATUSES[status] for status in query.statuses)))
    if query.payment_statuses is not None and query.payment_statuses <= _PAYMENTS.keys():
        terms.append(_group("financial_status", (_PAYMENTS[status] for status in query.payment_statuses)))
    if query.tags:
        terms.append(f"({any_of('tag', sorted(query.tags))})")
    return " ".join(filter(None, terms)) or None


def _group(field: str, words: Iterable[str]) -> str:
    """Values from a closed list, which need no quotes."""
    listed = [f"{field}:{word}" for word in sorted(words)]
    return f"({' OR '.join(listed)})" if len(listed) > 1 else "".join(listed)
