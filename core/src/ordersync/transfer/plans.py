"""A plan in a file: what would be sent, and the facts that it rests on; each is checked again before its order goes.

JSON Lines: a header, one line per order, a last line that says how many. The file holds personal data and belongs to
its owner alone.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from ordersync.errors import BadInput
from ordersync.model import CustomerRef, Draft, Item, Problem
from ordersync.model.frozen import Frozen
from ordersync.model.money import Amount
from ordersync.transfer.prepare import Prepared
from ordersync.web import dump, read

__all__ = [
    "Entry",
    "Header",
    "Plan",
    "PlanWriter",
    "draft_moved",
    "facts_of",
    "moved_before",
    "read_plan",
    "whose",
]

F = TypeVar("F", bound=Frozen)
VERSION: Literal[1] = 1


class Header(Frozen):
    """What a plan is for. It is carried out on the same accounts and under the same rules only."""

    plan: Literal[1] = VERSION
    route: str
    settings_hash: str
    source: str
    """Platform and account id."""
    target: str
    made_at: datetime


class ItemFact(Frozen):
    """An item as it was resolved."""

    product_id: str
    variant_id: str | None = None
    unit_price: Amount | None = None
    currency: str | None = None
    stock: Amount | None = None
    """How many could be sold; None if nobody asked or it is not counted."""


class CustomerFact(Frozen):
    """Who the target's customer is; `id` None: there was none, and one would be created."""

    key: str
    id: str | None = None


class Entry(Frozen):
    """One order of a plan. Only a `create` has facts and a draft."""

    source_id: str
    number: str
    action: Literal["create", "unchanged", "park", "skip"]
    print: str
    """Fingerprint of the source's order."""
    problem: Problem | None = None
    items: dict[str, ItemFact] = Field(default_factory=dict)
    customer: CustomerFact | None = None
    draft: Draft | None = None


class Plan:
    """A plan as it was read from its file."""

    def __init__(self, header: Header, entries: Sequence[Entry]) -> None:
        self.header = header
        self.entries = {entry.source_id: entry for entry in entries}

    def to_create(self) -> list[str]:
        """The source's ids of the orders to create, in the plan's order."""
        return [entry.source_id for entry in self.entries.values() if entry.action == "create"]

    def refuse_unless(self, header: Header) -> None:
        """Raises BadInput if the plan was made for another route, account or set of rules."""
        for name in ("route", "source", "target", "settings_hash"):
            if getattr(self.header, name) != getattr(header, name):
                what = "settings of the route" if name == "settings_hash" else name
                raise BadInput(
                    f"The plan was made for another {what} (at {self.header.made_at:%Y-%m-%d %H:%M} UTC).",
                    remedy="Make a new plan: nothing was sent.",
                )


class PlanWriter:
    """Writes a plan beside its place, and puts it there once it is whole."""

    def __init__(self, path: Path, header: Header) -> None:
        """Raises BadInput if the file cannot be made."""
        self._path = path
        self._count = 0
        try:
            number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        except OSError as error:
            raise BadInput(f"The plan cannot be written to {path} ({error.strerror}).") from None
        self._draft = Path(name)
        self._file = os.fdopen(number, "wb")
        self._line(header.model_dump_json().encode())

    def add(self, entry: Entry) -> None:
        """One more order."""
        self._count += 1
        self._line(entry.model_dump_json(exclude_defaults=True).encode())

    def _line(self, content: bytes) -> None:
        self._file.write(content + b"\n")

    def finish(self) -> None:
        """The plan is whole: put it in its place."""
        self._line(dump({"orders": self._count}))
        self._file.close()
        self._draft.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind of a plan that was not finished."""
        if not self._file.closed:
            self._file.close()
            self._draft.unlink(missing_ok=True)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises BadInput, naming the line, if it is none, is cut short or was changed by hand."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadInput(f"The plan {path} cannot be read ({error.strerror}).") from None
    documents = list(_documents(path, lines))
    if len(documents) < 2 or documents[-1] != {"orders": len(documents) - 2}:
        raise _no_plan(path, len(documents), "the end is missing")
    header = _line_as(Header, path, 1, documents[0])
    return Plan(header, [_line_as(Entry, path, i, each) for i, each in enumerate(documents[1:-1], start=2)])


def _line_as(kind: type[F], path: Path, line: int, document: Any) -> F:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise _no_plan(path, line, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _documents(path: Path, lines: Sequence[bytes]) -> Iterator[Any]:
    for place, line in enumerate(lines, start=1):
        try:
            yield read(line)
        except BadInput:
            raise _no_plan(path, place, "this is not JSON") from None


def _no_plan(path: Path, line: int, why: str) -> BadInput:
    return BadInput(
        f"{path}, line {line}: {why}.",
        remedy="Expected a file that `ordersync plan --out` wrote; make a new one. Nothing was sent.",
    )


# -- facts ------------------------------------------------------------------------------------------------------


def facts_of(one: Prepared, stock: Mapping[str, Any], customer: CustomerRef | None) -> dict[str, Any]:
    """What the draft of a prepared order rests on, as the fields of an `Entry`."""
    items = {sku: _item_fact(item, stock.get(sku)) for sku, item in one.items.items()}
    who = CustomerFact(key=one.customer.key, id=customer.id if customer else None) if one.customer else None
    return {"items": items, "customer": who, "draft": one.draft}


def _item_fact(item: Item, stock: Any) -> ItemFact:
    return ItemFact(
        product_id=item.product_id,
        variant_id=item.variant_id,
        unit_price=item.unit_price,
        currency=item.currency,
        stock=stock,
    )


def moved_before(entry: Entry, one: Prepared, stock: Mapping[str, Any]) -> str:
    """Which fact of the source's order and its items no longer holds; empty if all do."""
    if one.print != entry.print:
        return "the order changed in the source"
    for sku, then in entry.items.items():
        item = one.items.get(sku)
        if item is None:
            return f"the SKU {sku!r} is not resolved as it was"
        now = _item_fact(item, stock.get(sku))
        for name, what in (
            ("product_id", "leads to another product"),
            ("variant_id", "leads to another variant"),
            ("unit_price", "has another price on the target"),
            ("currency", "is priced in another currency"),
            ("stock", "has another stock"),
        ):
            if getattr(now, name) != getattr(then, name):
                return f"the SKU {sku!r} {what}: {getattr(then, name)} became {getattr(now, name)}"
    return ""


def whose(entry: Entry, found: CustomerRef | None) -> str:
    """How the customer on the target is another than planned; empty if it is not."""
    then, now = entry.customer.id if entry.customer else None, found.id if found else None
    if then == now:
        return ""
    if then is None:
        return f"the customer exists by now ({now})"
    return f"the customer was {then} and is {now or 'gone'}"


def draft_moved(entry: Entry, draft: Draft) -> bool:
    """Whether something else would be sent than what was planned (but for the customer, who is compared apart)."""
    if entry.draft is None:
        return True
    then, now = (one.model_copy(update={"customer_ref": None}) for one in (entry.draft, draft))
    return then != now
