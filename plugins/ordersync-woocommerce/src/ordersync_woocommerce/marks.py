"""What the connector leaves on an order, and how it is known again.

The key is the order's `created_via`: the only field of an order that can be written, is filtered for exactly, in batches
and at once, on both storages, and that no model carries (since WooCommerce 9.9; case-insensitive, cut at 100 characters).
A payment's transaction id keeps its own field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ordersync_woocommerce import wire

__all__ = [
    "DONE",
    "EXEMPT",
    "KIND",
    "NUMBER",
    "POSITION",
    "STOCK_DONE",
    "TAX_FEE",
    "key_of",
    "metas",
    "noted",
    "position_of",
]

NUMBER = "ordersync_number"
"""The source's own number, where people see it: custom fields without an underscore are shown on the order."""
POSITION = "_ordersync_position"
"""On a line: its place in the draft."""
KIND = "_ordersync_kind"
"""On a fee: `TAX_FEE`, or the draft's kind of line."""
TAX_FEE = "taxes"
"""The kind of the fee that stands for all taxes."""
DONE = "_ordersync_done_"
"""And a change's key: this change was made."""
EXEMPT = "is_vat_exempt"
"""WooCommerce's own: `yes` switches all taxes of the order off, for good (seen)."""
STOCK_DONE = "_order_stock_reduced"
"""WooCommerce's own: `yes` at creation prevents that the order reduces the stock (seen)."""
_KEY = re.compile(r"os-[a-z0-9-]{1,97}")


def key_of(order: wire.Order) -> str | None:
    """Our key, if the order is ours."""
    return order.created_via if _KEY.fullmatch(order.created_via) else None


def noted(rows: Iterable[wire.Meta], key: str) -> str | None:
    """The text under `key`; None if there is none."""
    for row in rows:
        if row.key == key and isinstance(row.value, str | int):
            return str(row.value)
    return None


def position_of(rows: Iterable[wire.Meta]) -> int | None:
    """A line's place in its draft; None if it is not ours."""
    text = noted(rows, POSITION)
    return int(text) if text and text.isdecimal() else None


def metas(values: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """`meta_data` as it is sent; nothing for what is empty."""
    return [{"key": key, "value": value} for key, value in values.items() if value]
