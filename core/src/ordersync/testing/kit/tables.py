"""Tables of records: ids that repeat from run to run, times from the sandbox's clock, look-ups, and an index that lags.

    orders = Table(ids=counting(1001), by=("reference",), unique=("reference",), lag=2)

    row = self.orders.add({"reference": "A-1", "lines": []})      # gets `id`, `created_at`, `updated_at`
    self.orders.change(row, status="paid")                        # moves `updated_at`
    self.orders.get(row["id"]), self.orders.find(reference="A-1") # at once
    self.orders.listed()                                          # as lists and searches show it: two seconds late

Records are kept in the vendor's own shape, so that most endpoints answer them as they are.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.index import Index
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.quirks import LateIndex

__all__ = ["Ids", "Record", "Table", "counting", "pattern", "uuids"]

Record = dict[str, Any]
Ids = Callable[[str, int], Any]
"""(the table's name, how many ids were made before) → the next id."""


def counting(first: int = 1) -> Ids:
    """1, 2, 3 …, as numbers."""
    return lambda _, before: first + before


def pattern(text: str, first: int = 1) -> Ids:
    """`pattern("gid://acme/Order/{}")`, `pattern("ord_{:06d}")`: a text around a number that counts."""
    return lambda _, before: text.format(first + before)


def uuids() -> Ids:
    """UUIDs, the same ones in each run."""
    return lambda name, before: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {before}"))


class Table(Part):
    """Records by id, in the order in which they came. They are plain dicts; change them through `change`."""

    def __init__(
        self,
        *,
        ids: Ids | None = None,
        id: str = "id",
        created: str = "created_at",
        updated: str = "updated_at",
        by: Sequence[str] = (),
        unique: Sequence[str] = (),
        lag: float = 0.0,
        whole_seconds: bool = True,
    ) -> None:
        """`id`, `created` and `updated` are the fields' names; `""` for a time that the platform does not keep.

        Fields in `by` are looked up fast (their values are texts, numbers or None); of those in `unique` a value stands
        once, unless it is None or `""`. `lag` is how many seconds late `listed` is. Times are aware datetimes, UTC.
        """
        self.ids = ids or counting()
        self.id_field, self.created, self.updated = id, created, updated
        self.by = tuple(dict.fromkeys((*by, *unique)))
        self.unique = tuple(unique)
        self._seconds = lag
        self.whole_seconds = whole_seconds
        self._serial = 0
        self._rows: dict[str, Record] = {}
        self._places: dict[str, dict[Any, dict[str, None]]] = {field: {} for field in self.by}
        self._held: dict[str, tuple[Any, ...]] = {}
        self._index = Index()

    @property
    def now(self) -> datetime:
        """The sandbox's time, as this table writes it."""
        now = self.sandbox.clock.now()
        return now.replace(microsecond=0) if self.whole_seconds else now

    @property
    def lag(self) -> float:
        """Seconds until `listed` knows of a change; the quirk `late_index` wins. It can be set at any time."""
        late = self.sandbox.quirk(LateIndex)
        return late.seconds("seconds") if late else self._seconds

    @lag.setter
    def lag(self, seconds: float) -> None:
        with self.sandbox.lock:
            unknown = not self.lag
            self._seconds = seconds
            if unknown:
                self.settle()

    @property
    def _lag(self) -> timedelta:
        return timedelta(seconds=self.lag)

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, record: Record) -> Record:
        """Keep this very dict, with an id and times, and give it back. An id or time that it brings stands.

        Raises Fault 409 `taken` for a value that may stand once only, or an id that is there.
        """
        with self.sandbox.lock:
            if self.id_field not in record:
                given = dict(record)
                record.clear()
                record.update({self.id_field: self._next(), **given})
            key = str(record[self.id_field])
            if key in self._rows:
                raise Fault(409, "taken", f"{self.id_field} is taken.", field=self.id_field)
            self._check_unique(key, record)
            for field in filter(None, (self.created, self.updated)):
                record.setdefault(field, self.now)
            self._rows[key] = record
            self._noted(key)
            return record

    def change(self, record: Record, **fields: Any) -> Record:
        """Change fields of a record (or say that something deep inside it was changed): its `updated` moves to now.

        `updated` itself may be among the fields. Raises Fault 409 like `add`, and KeyError if it is not here.
        """
        with self.sandbox.lock:
            key = str(record[self.id_field])
            held = self._rows[key]
            self._check_unique(key, {**held, **fields})
            held.update({self.updated: self.now} if self.updated else {})
            held.update(fields)
            self._noted(key)
            return held

    def remove(self, id: Any) -> None:
        """Take a record away. Raises Fault 404 if it is not here."""
        with self.sandbox.lock:
            key = str(self.need(id)[self.id_field])
            del self._rows[key]
            self._displaced(key)
            if self.lag:
                self._index.put(key, None, self.sandbox.clock.now(), self._lag)

    def settle(self) -> None:
        """Let the index know everything at once, as if all of it had happened long ago."""
        with self.sandbox.lock:
            self._index.fill(self._rows if self.lag else {})

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, id: Any) -> Record | None:
        """The record of this id, be it a number or its text."""
        return self._rows.get(str(id))

    def need(self, id: Any) -> Record:
        """The same; Fault 404 `not_found` if there is none."""
        found = self.get(id)
        if found is None:
            raise Fault(404, "not_found", f"There is no such record in {self.name}.", table=self.name)
        return found

    def find(self, **fields: Any) -> list[Record]:
        """Every record with these values, as it is now."""
        with self.sandbox.lock:
            rows: Iterator[Record] = iter(self._rows.values())
            fast = next((field for field in self.by if field in fields), None)
            if fast:
                rows = (self._rows[key] for key in self._places[fast].get(fields[fast], ()))
            return [row for row in rows if all(row.get(field) == value for field, value in fields.items())]

    def first(self, **fields: Any) -> Record | None:
        """The first of them."""
        return next(iter(self.find(**fields)), None)

    def listed(self, keep: Callable[[Record], bool] | None = None) -> list[Record]:
        """What lists and searches show by now: new, changed and removed records only after the lag. To be read only."""
        with self.sandbox.lock:
            late = self._index.shown(self.sandbox.clock.now()) if self.lag else None
            rows = self._rows.values() if late is None else late
            return [row for row in rows if keep is None or keep(row)]

    def __iter__(self) -> Iterator[Record]:
        with self.sandbox.lock:
            return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id: object) -> bool:
        return str(id) in self._rows

    # -- memory -------------------------------------------------------------------------------------------------

    def state(self) -> Any:
        index = self._index.state() if self.lag else None
        return copy.deepcopy({"serial": self._serial, "rows": list(self._rows.values()), "index": index})

    def restore(self, state: Any) -> None:
        state = copy.deepcopy(state)
        self._serial = state["serial"]
        self._rows = {str(row[self.id_field]): row for row in state["rows"]}
        self._places = {field: {} for field in self.by}
        self._held = {}
        for key in self._rows:
            self._placed(key)
        if state["index"] is None:
            self.settle()
        else:
            self._index.restore(state["index"])

    def _next(self) -> Any:
        """An id that nobody brought; none is given out twice."""
        made = self.ids(self.name, self._serial)
        while str(made) in self._rows:
            self._serial += 1
            made = self.ids(self.name, self._serial)
        self._serial += 1
        return made

    def _check_unique(self, key: str, record: Record) -> None:
        for field in self.unique:
            value = record.get(field)
            if value not in (None, "") and set(self._places[field].get(value, ())) - {key}:
                raise Fault(409, "taken", f"{field} is taken.", field=field)

    def _noted(self, key: str) -> None:
        self._displaced(key)
        self._placed(key)
        if self.lag:
            self._index.put(key, copy.deepcopy(self._rows[key]), self.sandbox.clock.now(), self._lag)

    def _placed(self, key: str) -> None:
        self._held[key] = tuple(self._rows[key].get(field) for field in self.by)
        for field, value in zip(self.by, self._held[key], strict=True):
            self._places[field].setdefault(value, {})[key] = None

    def _displaced(self, key: str) -> None:
        for field, value in zip(self.by, self._held.pop(key, ()), strict=False):
            self._places[field][value].pop(key, None)
