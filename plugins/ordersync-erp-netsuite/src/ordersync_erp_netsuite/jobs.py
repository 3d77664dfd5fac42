"""Many records in one request: NetSuite takes them as a job, works it off by itself, and is asked when it is done.

No answer tells what came of each record, and which of a job's tasks is which record is not documented. So a job only says
that every record was tried: what stands is then looked up by its key, and what does not stand is written alone, which
tells why. A record is never made twice: its key is its external id, of which NetSuite takes only one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ordersync import AccessDenied, InDoubt, OrderSyncError, TryLater, Unreachable
from ordersync.web import Access
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite

__all__ = ["FEWEST", "MOST", "MOST_ALONE", "Jobs", "stops_all", "unknown"]

MOST = 100
"""Records of one request (documented)."""
MOST_ALONE = 10
"""Records that are written one by one in one call; more are given back to the transfer."""
FEWEST = 3
"""Fewer take no more requests one by one."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two questions whether a job is done; each is twice the one before."""
PATIENCE = timedelta(minutes=5)
"""How long a job is waited for. How long it may wait for its turn is not documented."""


class Jobs:
    """The jobs of one account. Used by several threads."""

    def __init__(self, suite: Suite, settings: NetSuiteSettings, access: Access) -> None:
        self._suite = suite
        self._clock = access.clock
        self._log = access.log
        self._taken = settings.batches

    def worth(self, records: int) -> bool:
        """Whether so many records are written by a job."""
        return self._taken and records >= FEWEST

    def work(self, method: str, kind: str, records: Sequence[Mapping[str, Any]]) -> bool:
        """Have these written, and wait until each was tried; False if the account takes no jobs: nothing was sent then.

        Raises AccessDenied, TryLater or Unreachable if nothing was done; InDoubt if that is not known.
        """
        try:
            job = self._sent(method, kind, records)
        except (AccessDenied, TryLater, Unreachable, InDoubt):
            raise
        except OrderSyncError as error:
            self._taken = False
            self._log.info("NetSuite takes no jobs: records are written one by one (%s)", error.message)
            return False
        self._wait(job)
        return True

    def _sent(self, method: str, kind: str, records: Sequence[Mapping[str, Any]]) -> str:
        """The job's id. A lost answer is asked for once more: the same key never makes a second job."""
        key = str(uuid.uuid4())
        try:
            return self._suite.submit(method, kind, records, key)
        except InDoubt as error:
            lost = error
        try:
            return self._suite.submit(method, kind, records, key)
        except OrderSyncError:
            raise lost from None

    def _wait(self, job: str) -> None:
        until, pause = self._clock.now() + PATIENCE, FIRST_PAUSE
        while self._clock.now() < until:
            self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                if self._suite.is_done(job):
                    return
            except OrderSyncError as error:
                raise unknown(error) from None
        raise InDoubt(f"NetSuite has not worked off the job {job} within {PATIENCE.seconds // 60} minutes.")


def unknown(error: OrderSyncError) -> InDoubt:
    """What a failure means after something was written: whether all of it stands is not known."""
    if isinstance(error, InDoubt):
        return error
    return InDoubt(
        f"It was written, and could not be read back: {error.message}", request_id=error.request_id
    )


def stops_all(error: OrderSyncError) -> bool:
    """Whether the next request would fare no better: nothing was done, and not because of what was asked."""
    return isinstance(error, AccessDenied | TryLater | Unreachable)
