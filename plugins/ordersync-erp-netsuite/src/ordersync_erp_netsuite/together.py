"""Many orders at once: created or approved by a job, else one by one; read back together; each with its own outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ordersync import (
    BatchRefused,
    Done,
    Draft,
    Failed,
    OrderRef,
    OrderSyncError,
    Outcome,
    Placed,
    PlacedState,
)
from ordersync_erp_netsuite.jobs import MOST_ALONE, Jobs, stops_all, unknown
from ordersync_erp_netsuite.placing import APPROVAL, Desk
from ordersync_erp_netsuite.standing import Standing, gone
from ordersync_erp_netsuite.suite import Suite
from ordersync_erp_netsuite.wire import OrderRecord

__all__ = ["Crowd"]

Bodies = Mapping[str, dict[str, Any]]


class Crowd:
    """Writes many sales orders of one account."""

    def __init__(self, suite: Suite, standing: Standing, jobs: Jobs, desk: Desk) -> None:
        self._suite = suite
        self._standing = standing
        self._jobs = jobs
        self._desk = desk

    # -- creating -----------------------------------------------------------------------------------------------

    def create(self, drafts: Sequence[Draft]) -> list[Outcome[Placed]]:
        """Each draft's order. What a job does not bring to stand is created alone, which tells why.

        Raises BatchRefused if the account takes no jobs, and these are too many to be written one by one.
        """
        bodies: dict[str, dict[str, Any]] = {}
        found: dict[str, Outcome[Placed]] = {}
        for draft in drafts:
            try:
                bodies[draft.key] = self._desk.body(draft)
            except OrderSyncError as error:
                found[draft.key] = Failed(error)
        wanted = {draft.key: draft for draft in drafts if draft.key in bodies}
        try:
            found |= self._created(wanted, bodies)
        except BatchRefused:
            raise
        except OrderSyncError as error:
            found |= {key: Failed(error) for key in wanted}
        return [found[draft.key] for draft in drafts]

    def _created(self, drafts: Mapping[str, Draft], bodies: Bodies) -> dict[str, Outcome[Placed]]:
        worked = self._jobs.worth(len(bodies)) and self._jobs.work(
            "POST", "salesOrder", list(bodies.values())
        )
        if not worked and len(bodies) > MOST_ALONE:
            raise BatchRefused("NetSuite does not take so many orders together.")
        standing = self._all_under(list(bodies)) if worked else {}
        found: dict[str, Outcome[Placed]] = {}
        made: dict[str, OrderRecord | str] = {}
        over: OrderSyncError | None = None
        for key in [key for key in drafts if key not in standing]:
            try:
                if over is not None:
                    raise over
                made[key] = self._desk.send(drafts[key], bodies[key])
            except OrderSyncError as error:
                found[key] = Failed(error)
                over = error if stops_all(error) else over
        try:
            standing |= self._all_under([key for key, one in made.items() if isinstance(one, str)])
        except OrderSyncError as error:
            found |= {key: Failed(error) for key, one in made.items() if isinstance(one, str)}
        for key, draft in drafts.items():
            if key in found:
                continue
            found[key] = self._finished(draft, standing[key] if key in standing else made[key])
        return found

    def _all_under(self, keys: Sequence[str]) -> dict[str, Placed]:
        """Read back; a failure is one of not knowing."""
        if len(keys) < 2:
            return {}
        try:
            return self._standing.all_under(keys)
        except OrderSyncError as error:
            raise unknown(error) from None

    def _finished(self, draft: Draft, there: Placed | OrderRecord | str) -> Outcome[Placed]:
        """What was read as a row if it is what it should be; else the record decides, and is corrected."""
        try:
            if not isinstance(there, Placed):
                return Done(self._desk.finish(draft, there))
            here = {line.position for line in there.lines}
            whole = all(line.position in here for line in draft.lines)
            if whole and there.totals == draft.expected and there.state is PlacedState.DRAFT:
                return Done(there)
            return Done(self._desk.finish(draft, self._again(there)))
        except OrderSyncError as error:
            return Failed(error)

    def _again(self, placed: Placed) -> OrderRecord:
        try:
            return self._standing.again(placed)
        except OrderSyncError as error:
            raise unknown(error) from None

    # -- approving ----------------------------------------------------------------------------------------------

    def approve(self, refs: Sequence[OrderRef]) -> dict[str, Outcome[Placed]]:
        """The outcome of each order, by its id. All are read before, because a closed order must stay closed, and
        afterwards, for their totals. What a job does not approve is approved alone, which tells why."""
        named = {ref.id: ref for ref in refs}
        before = self._standing.all_at([order for order in named if order.isascii() and order.isdigit()])
        found: dict[str, Outcome[Placed]] = {}
        pending = []
        for order, ref in named.items():
            try:
                if order not in before:
                    raise gone(ref)
                if self._desk.is_to_approve(before[order]):
                    pending.append(order)
                else:
                    found[order] = Done(before[order])
            except OrderSyncError as error:
                found[order] = Failed(error)
        try:
            return {**found, **self._approved(pending)}
        except OrderSyncError as error:
            return {**found, **{order: Failed(error) for order in pending}}

    def _approved(self, ids: Sequence[str]) -> dict[str, Outcome[Placed]]:
        changes = [{"id": order, **APPROVAL} for order in ids]
        worked = self._jobs.worth(len(ids)) and self._jobs.work("PATCH", "salesOrder", changes)
        after = self._all_at(ids) if worked else {}
        left = [order for order in ids if order not in after or after[order].state is PlacedState.DRAFT]
        found: dict[str, Outcome[Placed]] = {}
        over: OrderSyncError | None = None
        for order in left:
            try:
                if over is not None:
                    raise over
                self._suite.patch("salesOrder", order, APPROVAL)
            except OrderSyncError as error:
                found[order] = Failed(error)
                over = error if stops_all(error) else over
        try:
            after |= self._all_at([order for order in left if order not in found])
        except OrderSyncError as error:
            found |= {order: Failed(error) for order in left if order not in found}
        for order in ids:
            if order not in found:
                found[order] = Done(after[order]) if order in after else Failed(gone(OrderRef(id=order)))
        return found

    def _all_at(self, ids: Sequence[str]) -> dict[str, Placed]:
        try:
            return self._standing.all_at(ids)
        except OrderSyncError as error:
            raise unknown(error) from None
