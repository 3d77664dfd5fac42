"""One request on its way through the stand-in: what it asks, and how lists are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ordersync_woocommerce.sandbox.records import Record
from ordersync_woocommerce.sandbox.refusing import ORDER_LIST, Problem, check
from ordersync_woocommerce.sandbox.views import Views

__all__ = ["Answer", "Visit", "Work", "known"]

Answer = tuple[int, Any, Mapping[str, str]]
"""Status, body, headers."""
Work = Callable[..., Answer]


@dataclass
class Visit:
    """A request that was let in."""

    args: Mapping[str, str]
    body: Any
    views: Views
    now: datetime

    def page(self, rows: list[Any], view: Callable[[Any], Any]) -> Answer:
        """A page of a list: ten rows unless more are asked for, a hundred at most; beyond the end it is empty."""
        check(self.args, {name: ORDER_LIST[name] for name in ("page", "per_page")})
        size, page = int(self.args.get("per_page", "10")), int(self.args.get("page", "1"))
        start = int(self.args.get("offset", (page - 1) * size))
        shown = rows[start : start + size]
        beyond = page > 1 and not shown
        pages = -(-len(rows) // size)
        headers = {
            "X-WP-Total": "0" if beyond else str(len(rows)),
            "X-WP-TotalPages": "0" if beyond else str(pages),
        }
        return 200, [view(row) for row in shown], headers


def known(table: Mapping[int, Record], row_id: int, kind: str) -> Record:
    """A row by id. Raises Problem."""
    if row_id not in table:
        raise Problem(404, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
    return table[row_id]
