"""Changes of sales that stand: the buttons that a person would press, pressed for many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ordersync import (
    Cancel,
    Change,
    Confirm,
    Done,
    Failed,
    InDoubt,
    NotFound,
    NotOffered,
    OrderStatus,
    OrderSyncError,
    Outcome,
    Placed,
    Refused,
    SetStatus,
    UnexpectedReply,
    UpdateAsk,
)

from ordersync_tryton.mapping import placed_of
from ordersync_tryton.placing import SALE
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.wire import PLACED_FIELDS, PlacedRow

__all__ = ["Changes"]

LINES = 200
"""At most so many lines are confirmed together: Tryton makes shipments and invoices of them before it answers."""


@dataclass(frozen=True)
class Step:
    """A button, the states in which it can be pressed, and the state that follows."""

    button: str
    before: tuple[str, ...]
    then: str


QUOTE = Step("quote", ("draft",), "quotation")
APPROVE = Step("confirm", ("quotation",), "confirmed")
REOPEN = Step("draft", ("confirmed",), "draft")
CALL_OFF = Step("cancel", ("draft", "quotation"), "cancelled")


@dataclass(frozen=True)
class Path:
    """The steps that lead to one of the states `until`."""

    steps: tuple[Step, ...]
    until: tuple[str, ...]


CONFIRM = Path((QUOTE, APPROVE), ("confirmed", "processing", "done"))
CANCEL = Path((REOPEN, CALL_OFF), ("cancelled",))


class Changes:
    """Makes changes; what is so already is left alone."""

    def __init__(self, tryton: Tryton) -> None:
        self._tryton = tryton

    def make(self, asks: Sequence[UpdateAsk]) -> list[Outcome[Placed]]:
        """Each sale as it stands after its change, by position."""
        if not asks:
            return []
        asked = [(int(ask.ref.id), _path_of(ask.change)) for ask in asks]
        rows = self._look({sale for sale, _ in asked})
        walks = {path: _Walk(self._tryton, path) for path in (CONFIRM, CANCEL)}
        for path, walk in walks.items():
            walk.go({sale: rows[sale] for sale, one in asked if one is path and sale in rows})
        pressed = {sale for walk in walks.values() for sale in walk.pressed}
        try:
            rows |= self._look(pressed)
            if walks[CONFIRM].once_more(rows):
                rows |= self._look(pressed)
        except OrderSyncError:
            unseen = InDoubt("Tryton was asked to change the sales, and does not show them.")
            for walk in walks.values():
                walk.trouble = dict.fromkeys(walk.pressed, unseen) | walk.trouble
        return [_outcome(sale, walks[path].trouble if path else None, rows) for sale, path in asked]

    def _look(self, sales: Collection[int]) -> dict[int, PlacedRow]:
        if not sales:
            return {}
        domain = [["id", "in", sorted(sales)], ["company", "=", self._tryton.company]]
        return {row.id: row for row in self._tryton.records(SALE, PlacedRow, domain, PLACED_FIELDS)}


class _Walk:
    """Some sales on one path. `trouble` says which of them did not arrive, and why."""

    def __init__(self, tryton: Tryton, path: Path) -> None:
        self.trouble: dict[int, OrderSyncError] = {}
        self.pressed: set[int] = set()
        self._tryton = tryton
        self._path = path
        self._states: dict[int, str] = {}
        self._confirmed: list[Sequence[int]] = []
        """Those that were confirmed by one press."""

    def go(self, rows: Mapping[int, PlacedRow]) -> None:
        """Press the buttons, each for all sales that it is meant for."""
        self._states = {sale: row.state for sale, row in rows.items()}
        for step in self._path.steps:
            meant = [sale for sale in self._states if self._stands(sale, step.before)]
            for part in _confirmable(meant, rows) if step is APPROVE else [meant]:
                self._press(step, part)
        for sale, state in self._states.items():
            if state not in self._path.until:
                self.trouble.setdefault(sale, _stuck(state, self._path))

    def once_more(self, rows: Mapping[int, PlacedRow]) -> bool:
        """Confirm one by one what Tryton could not process together; whether there was anything.

        Without a worker, what was confirmed by one press is processed at once and in one task. If one sale cannot be, for
        instance because a product lacks its accounts, all stay confirmed, and nothing says so but the list of errors that
        administrators see. Others that were processed show that there is no worker to wait for.
        """
        if not any(rows[sale].state in ("processing", "done") for sale in self.pressed if sale in rows):
            return False
        waiting = ("confirmed",)
        held = [
            sale
            for part in self._confirmed
            if len(part) > 1 and all(sale in rows and rows[sale].state in waiting for sale in part)
            for sale in part
        ]
        self._press(REOPEN, held)
        for sale in held:
            if self._states[sale] in waiting and not isinstance(self.trouble[sale], InDoubt):
                del self.trouble[sale]
        self._press(QUOTE, [sale for sale in held if self._stands(sale, QUOTE.before)])
        for sale in held:
            if self._stands(sale, APPROVE.before):
                self._press(APPROVE, [sale])
        return bool(held)

    def _stands(self, sale: int, states: Sequence[str]) -> bool:
        return sale not in self.trouble and self._states[sale] in states

    def _press(self, step: Step, sales: Sequence[int]) -> None:
        """Press for all at once. If Tryton refuses, none is changed, and each half is tried, down to the culprit."""
        if not sales:
            return
        self.pressed |= set(sales)
        try:
            self._tryton.press(SALE, step.button, sales)
        except (Refused, UnexpectedReply) as error:
            middle = len(sales) // 2
            if not middle:
                self.trouble[sales[0]] = error
                return
            self._press(step, sales[:middle])
            self._press(step, sales[middle:])
        except OrderSyncError as error:
            self.trouble |= dict.fromkeys(sales, error)
        else:
            self._states |= dict.fromkeys(sales, step.then)
            if step is APPROVE:
                self._confirmed.append(sales)


def _path_of(change: Change) -> Path | None:
    match change:
        case Confirm():
            return CONFIRM
        case Cancel() | SetStatus(status=OrderStatus.CANCELLED):
            return CANCEL
        case _:
            return None


def _confirmable(sales: Sequence[int], rows: Mapping[int, PlacedRow]) -> Iterator[Sequence[int]]:
    """The first sale alone, whose state will show whether Tryton processes at once; the others in parts of `LINES`."""
    yield sales[:1]
    part: list[int] = []
    lines = 0
    for sale in sales[1:]:
        more = len(rows[sale].lines)
        if part and lines + more > LINES:
            yield part
            part, lines = [], 0
        part.append(sale)
        lines += more
    yield part


def _stuck(state: str, path: Path) -> Refused:
    return Refused(
        f"The sale is {state} in Tryton, and cannot become {path.until[0]}.", remedy="Look at it in Tryton."
    )


def _outcome(
    sale: int, trouble: Mapping[int, OrderSyncError] | None, rows: Mapping[int, PlacedRow]
) -> Outcome[Placed]:
    if trouble is None:
        return Failed(NotOffered("Tryton's sales are confirmed or cancelled, and told of nothing else."))
    if sale in trouble:
        return Failed(trouble[sale])
    if sale not in rows:
        return Failed(NotFound("The sale is not in Tryton any more."))
    return Done(placed_of(rows[sale]))
