"""Finding orders by their keys: one by the filter, which takes one key; many by a walk through the list of all orders.

A walk shows which keys are *not* there; whoever seems to be there is asked for by the filter. Each walk goes on where
an earlier one had seen everything, so that in the long run it reads what is new only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from ordersync import AccessDenied, Done, Failed, OrderSyncError, Outcome, Placed
from ordersync.web import Clock
from ordersync_bigcommerce.api import MOST_ROWS, Api, listed_of
from ordersync_bigcommerce.mapping import our_key

__all__ = ["FEWEST", "Finder"]

FEWEST = 8
"""Keys for which a walk is worth a try; fewer are asked for one by one."""


class _NoWalk(Exception):
    """The list cannot be walked, or is so long that asking for each key is less."""


class Finder:
    """Finds orders of one store. Thread-safe: one walk at a time, and who waited for it takes what it saw."""

    def __init__(
        self, api: Api, clock: Clock, *, shows_after: timedelta, one: Callable[[str], Placed | None]
    ) -> None:
        """`shows_after`: how long after a request was sent what came of it shows in lists, at the latest."""
        self._api = api
        self._clock = clock
        self._shows_after = shows_after
        self._one = one
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        """Our keys on all orders that were listed."""
        self._ends: list[tuple[datetime, int]] = []
        """When each of the latest walks ended, and the highest id by then."""
        self._settled = 0
        """A walk saw every order up to this id at a time when all of them showed."""
        self._begun = 0
        self._last = 0
        """The number of the last walk that came to the end."""
        self._widest = 0
        """Rows of the fullest page so far."""
        self._walks = True

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """Each key's order. Raises AccessDenied."""
        absent = self._absent(keys)
        return [Done(None) if key in absent else self._alone(key) for key in keys]

    def _alone(self, key: str) -> Outcome[Placed | None]:
        try:
            return Done(self._one(key))
        except AccessDenied:
            raise
        except OrderSyncError as error:
            return Failed(error)

    def _absent(self, keys: Sequence[str]) -> Collection[str]:
        """Those that no order carries, if that can be said with fewer requests than there are keys."""
        ours = {key for key in keys if our_key(key)}
        if len(ours) < FEWEST:
            return ()
        begun = self._begun
        with self._lock:
            if not self._walks:
                return ()
            if self._last <= begun:
                try:
                    self._walk(most=len(ours) // 2)
                except _NoWalk:
                    self._walks = False
                    return ()
            return ours - self._seen

    def _walk(self, most: int) -> None:
        """Read the list from where all was seen to its end, `most` pages. V2 has no paging object: a page that shows
        nothing new is the end. The last order of a page is asked for again, as whether `min_id` includes itself is not
        documented; so a store whose pages hold but one order cannot be walked."""
        self._begun += 1
        number, last, began = self._begun, self._settled, self._clock.now()
        for _ in range(most):
            asked = {"min_id": str(max(last, 1)), "sort": "id:asc", "limit": str(MOST_ROWS)}
            rows = listed_of(self._api.ask("v2/orders", asked))
            ids = [row.get("id") for row in rows]
            fresh = [one for one in ids if isinstance(one, int) and one > last]
            if ids not in (fresh, [last, *fresh]) or fresh != sorted(set(fresh)):
                raise _NoWalk
            self._seen |= {key for row in rows if (key := our_key(str(row.get("external_order_id") or "")))}
            self._widest = max(self._widest, len(rows))
            if not fresh:
                if rows and self._widest == 1 and self._api.ask("v2/orders", {**asked, "page": "2"}):
                    raise _NoWalk
                self._last = number
                self._settle(began, last)
                return
            last = fresh[-1]
        raise _NoWalk

    def _settle(self, began: datetime, last: int) -> None:
        """A walk ended at this id. What had an id when an earlier walk ended, long enough before this one began, showed
        to this one."""
        for ended, top in self._ends:
            if ended + self._shows_after <= began:
                self._settled = top
        self._ends = [one for one in self._ends if one[0] + self._shows_after > began]
        self._ends.append((self._clock.now(), last))
