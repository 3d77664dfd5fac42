"""External ids that were seen. One names the same record as long as it is there, so it is not asked for again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from ordersync_erp_odoo.rpc import Odoo

__all__ = ["Names"]

MOST = 10_000
"""How many are remembered; the oldest go first."""


class Names:
    """External ids of orders and of their lines, by database id. Thread-safe."""

    def __init__(self, odoo: Odoo) -> None:
        self._odoo = odoo
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int], str] = {}

    def orders(self, ids: Iterable[int]) -> dict[int, str]:
        """Order → external id, of those that have one."""
        return self._of("sale.order", ids)

    def lines(self, ids: Iterable[int]) -> dict[int, str]:
        """Line → external id, of those that have one."""
        return self._of("sale.order.line", ids)

    def remember_orders(self, xids: Mapping[int, str]) -> None:
        """Orders that were just written under these external ids."""
        self._remember("sale.order", xids)

    def _of(self, model: str, ids: Iterable[int]) -> dict[int, str]:
        wanted = set(ids)
        with self._lock:
            known = {each: self._seen[model, each] for each in wanted if (model, each) in self._seen}
        asked = self._odoo.external_ids(model, wanted - known.keys())
        self._remember(model, asked)
        return {**known, **asked}

    def _remember(self, model: str, xids: Mapping[int, str]) -> None:
        with self._lock:
            for each, xid in xids.items():
                self._seen[model, each] = xid
            for oldest in list(self._seen)[: max(0, len(self._seen) - MOST)]:
                del self._seen[oldest]
