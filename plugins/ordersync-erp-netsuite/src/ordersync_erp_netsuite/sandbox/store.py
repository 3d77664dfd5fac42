"""The account's records as they are kept: plain values, by kind and internal id."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .faults import bad_content, missing

__all__ = ["Record", "Store", "to_digits"]

Record = dict[str, Any]
KINDS = (
    "salesOrder", "customer", "itemFulfillment", "item", "currency", "location", "subsidiary", "taxCode",
)  # fmt: skip
UNSHIPPED = ("Service", "OthCharge", "Discount")


def to_digits(amount: Decimal, digits: int) -> Decimal:
    """Half up, as NetSuite rounds amounts."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


class Store:
    """All records of one account."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self.last = 0

    def add(self, kind: str, record: Record, *, id: str = "") -> Record:
        """Keep a new record, under the next internal id unless one is given."""
        self.last = max(self.last, int(id)) if id else self.last + 1
        record["id"] = id or str(self.last)
        self.kinds[kind][record["id"]] = record
        return record

    def all(self, kind: str) -> Iterator[Record]:
        """Every record of a kind."""
        return iter(self.kinds[kind].values())

    def find(self, kind: str, id: str) -> Record | None:
        """By internal id, or `eid:` and external id."""
        if id.startswith("eid:"):
            return next((each for each in self.all(kind) if each.get("externalId") == id[4:]), None)
        return self.kinds[kind].get(id)

    def get(self, kind: str, id: str) -> Record:
        """The same; Fault 404 if there is none."""
        found = self.find(kind, id)
        if found is None:
            raise missing()
        return found

    def refer(self, kind: str, id: str, name: str, path: str) -> Record:
        """What a field refers to; Fault 400 if there is none, or none that is active."""
        found = self.find(kind, id)
        if found is None or found.get("isInactive"):
            raise bad_content(f"Invalid {name} reference key {id}.", path)
        return found

    def state(self) -> Any:
        """As plain data."""
        return {"kinds": deepcopy(self.kinds), "last": self.last}

    def restore(self, state: Any) -> None:
        """The inverse of `state`."""
        self.kinds, self.last = deepcopy(state["kinds"]), state["last"]
