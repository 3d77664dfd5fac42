"""Names for things on platforms, and the key: one order's identity wherever it is sent."""

from __future__ import annotations

import hashlib
import json

from ordersync.model.frozen import Frozen

__all__ = ["CustomerRef", "OrderRef", "customer_key", "operation_key", "order_key"]


class OrderRef(Frozen):
    """An order on one platform: its id there, and the number that people use."""

    id: str
    number: str | None = None


class CustomerRef(Frozen):
    """A customer on one platform. `addresses` are the ids of address records, by their use, where it has any."""

    id: str
    billing_id: str | None = None
    shipping_id: str | None = None


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [a + b for a in _LETTERS for b in _LETTERS]
_SHIFTS = tuple(range(120, -1, -10))
_quoted = json.encoder.encode_basestring_ascii


def _digest(prefix: str, *parts: str) -> str:
    """The first 130 bits of a SHA-256 in base32 (RFC 4648, lower case); five keys are made per order."""
    text = f"[{','.join([_quoted(part) for part in parts])}]"
    digest = hashlib.sha256(text.encode("ascii")).digest()
    bits = int.from_bytes(digest[:17]) >> 6
    return f"{prefix}-{''.join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])}"


def order_key(platform: str, account: str, order_id: str, part: str = "") -> str:
    """The key of a source's order: `os-` and 26 characters of base32 (lower case), 29 in all.

    `platform` is the connector's name, `account` the stable account id that `check_access` answers. It depends on
    nothing else: not on the settings' names, not on a ledger.
    """
    return _digest("os", platform, account, order_id, *([part] if part else []))


def customer_key(platform: str, account: str, *, customer_id: str | None, email: str | None) -> str:
    """The key of a source's customer: by its id, or for a guest by the lower-cased e-mail address.

    Raises ValueError if there is neither: such a customer has no identity of its own.
    """
    if customer_id:
        return _digest("oc", platform, account, "id", customer_id)
    if email:
        return _digest("oc", platform, account, "email", email.strip().lower())
    raise ValueError("a customer without id and e-mail has no key")


def operation_key(key: str, what: str) -> str:
    """The key of one write within an order: `what` says which (`line:3`, `fulfil:8812`)."""
    return _digest("os", key, what)
