"""`load`: rows of text into records, by external id, all or nothing (measured)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .faults import AccessFault, KeyFault, MissingFault, UserFault, ValidationFault, ValueFault

if TYPE_CHECKING:
    from .records import Table

__all__ = ["bind", "failed", "load_rows", "record_of"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass
class _Draft:
    """One record to be: its cells, its lines, and the rows it came from."""

    first: int
    last: int
    xid: str = ""
    dbid: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[_Draft]] = field(default_factory=dict)


class _Problem(Exception):
    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.message = message
        self.name = name


def record_of(table: Table, xid: str) -> int | None:
    """The record that an external id names, if it still stands."""
    found = table.store.find("ir.model.data", "_key", xid)
    for data in found:
        row = table.store.rows["ir.model.data"][data]
        if row["model"] == table.name and row["res_id"] in table.rows:
            return int(row["res_id"])
    return None


def bind(table: Table, xid: str, record: int) -> None:
    """Give a record its external id: what stands before the first dot is the module (measured)."""
    if " " in xid:
        raise ValidationFault("The operation cannot be completed: External IDs cannot contain spaces")
    module, _, name = xid.partition(".")
    table.store.insert(
        "ir.model.data",
        {
            "module": module,
            "name": name,
            "model": table.name,
            "res_id": record,
            "noupdate": False,
            "_key": xid,
            "_target": f"{table.name},{record}",
            "create_date": table.env.now,
            "write_date": table.env.now,
            "create_uid": table.env.uid,
            "write_uid": table.env.uid,
        },
    )


def load_rows(table: Table, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Create or update one record per group of rows; on any error nothing is kept and `ids` is false."""
    paths = [_path(table, name) for name in fields]
    drafts = _grouped(table, paths, [[_text(cell) for cell in row] for row in data])
    messages: list[dict[str, Any]] = []
    conflicts = table.env.options.get("conflicts")
    if conflicts and conflicts():
        first = drafts[0] if drafts else _Draft(0, 0)
        return _refused([_message(first, 0, "could not serialize access due to concurrent update")])
    ids: list[int] = []
    for turn, draft in enumerate(drafts):
        try:
            ids.append(_save(table, draft))
        except _Problem as problem:
            messages.append(_message(draft, turn, problem.message, problem.name))
        except (UserFault, ValidationFault, AccessFault, MissingFault, ValueFault) as fault:
            messages.append(_message(draft, turn, fault.message))
    if messages:
        return _refused(messages)
    return {"ids": ids, "messages": [], "nextrow": 0}


def _refused(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"ids": False, "messages": messages, "nextrow": 0}


def _message(draft: _Draft, record: int, message: str, name: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "error",
        "message": message,
        "record": record,
        "rows": {"from": draft.first, "to": draft.last},
    }
    if name:
        told["field"] = name
    return told


def _path(table: Table, name: str) -> tuple[str, ...]:
    parts = tuple(name.replace(".id", "/.id").replace("//", "/").strip("/").split("/"))
    current: Table | None = table
    for part in parts:
        if part in ("id", ".id"):
            break
        told = current.model.fields.get(part) if current else None
        if told is None:
            if table.env.version == "17":
                raise KeyFault(part)
            raise ValueFault(f"Invalid field name {part!r}")
        current = table.env.table(told.relation) if told.relation else None
    return parts


def _text(cell: Any) -> str:
    return "" if cell is None or cell is False else str(cell)


def _grouped(
    table: Table, paths: Sequence[tuple[str, ...]], rows: Sequence[Sequence[str]], offset: int = 0
) -> list[_Draft]:
    """Rows whose own columns are empty belong to the record above them."""
    lists = {name for name, told in table.model.fields.items() if told.type == "one2many"}
    own = [i for i, path in enumerate(paths) if path[0] not in lists]
    nested = [i for i in range(len(paths)) if i not in own]
    drafts: list[_Draft] = []
    groups: list[list[Sequence[str]]] = []
    for number, row in enumerate(rows):
        if not groups or not nested or any(row[i] for i in own):
            drafts.append(_Draft(number + offset, number + offset))
            groups.append([row])
        else:
            groups[-1].append(row)
            drafts[-1].last = number + offset
    for draft, group in zip(drafts, groups, strict=True):
        for i in own:
            path, cell = paths[i], group[0][i]
            if path == ("id",):
                draft.xid = cell
            elif path == (".id",):
                draft.dbid = int(cell) if cell else None
            else:
                draft.values["/".join(path)] = cell
        for name in dict.fromkeys(paths[i][0] for i in nested):
            columns = [i for i in nested if paths[i][0] == name]
            inner = [[row[i] for i in columns] for row in group]
            kept = [cells for cells in inner if any(cells)]
            relation = table.model.fields[name].relation
            assert relation
            other = table.env.table(relation)
            draft.lines[name] = _grouped(other, [paths[i][1:] for i in columns], kept, draft.first)
    return drafts


def _save(table: Table, draft: _Draft) -> int:
    xid = draft.xid if not draft.xid or "." in draft.xid else f"__import__.{draft.xid}"
    record = record_of(table, xid) if xid else draft.dbid
    table.demand("write" if record else "create", table.rows_of([record]))
    values = _values(table, draft)
    lines: dict[str, list[tuple[str, int | None, dict[str, Any]]]] = {}
    for name, inner in draft.lines.items():
        relation = table.model.fields[name].relation
        assert relation
        other = table.env.table(relation)
        lines[name] = [(line.xid, _standing(other, line), _values(other, line)) for line in inner]
    if record:
        table.write(
            [record], {**values, **{name: _commands(rows, known=True) for name, rows in lines.items()}}
        )
    else:
        missing = next(
            (f for f in table.model.fields.values() if f.required and f.relation and f.name == "partner_id"),
            None,
        )
        if missing and not values.get(missing.name):
            raise _Problem(
                f"Missing required value for the field '{missing.label}' ({missing.name})", missing.name
            )
        record = table.make([values | {n: _commands(r, known=False) for n, r in lines.items() if r}])[0]
        if xid:
            bind(table, xid, record)
    for name, rows in lines.items():
        relation, inverse = table.model.fields[name].relation, table.model.fields[name].inverse
        assert relation
        assert inverse
        other = table.env.table(relation)
        fresh = [line for line, standing, _ in rows if not standing]
        made = table.store.find(relation, inverse, record)[-len(fresh) :] if fresh else []
        for line, one in zip(fresh, made, strict=True):
            if line:
                bind(other, line if "." in line else f"__import__.{line}", one)
    return record


def _standing(table: Table, draft: _Draft) -> int | None:
    if draft.xid:
        return record_of(table, draft.xid if "." in draft.xid else f"__import__.{draft.xid}")
    return draft.dbid


def _commands(rows: list[tuple[str, int | None, dict[str, Any]]], *, known: bool) -> list[list[Any]]:
    return [[1, standing, values] if standing and known else [0, 0, values] for _, standing, values in rows]


def _values(table: Table, draft: _Draft) -> dict[str, Any]:
    values = {}
    for path, cell in draft.values.items():
        name, _, by = path.partition("/")
        values[name] = _cell(table, name, by, cell.strip() if by else cell)
    return values


def _cell(table: Table, name: str, by: str, cell: str) -> Any:
    told = table.model.fields[name]
    if told.type == "many2many":
        found = [_record(table, name, by, part.strip()) for part in cell.split(",") if part.strip()]
        return [[6, 0, found]]
    if cell == "":
        return False
    if told.type == "many2one":
        return _record(table, name, by, cell)
    if told.type in ("float", "monetary", "integer") and not _NUMBER.fullmatch(cell):
        kind = "an integer" if told.type == "integer" else "a number"
        raise _Problem(f"'{cell}' does not seem to be {kind} for field '{told.label}'", name)
    if told.type == "boolean":
        return cell.lower() in ("1", "true", "yes")
    if told.type == "datetime":
        return _local(table, name, cell)
    if told.type == "selection" and told.selection:
        for value, label in told.selection:
            if cell in (value, label):
                return value
        raise _Problem(f"Value '{cell}' not found in selection field '{told.label}'", name)
    return cell


def _local(table: Table, name: str, cell: str) -> str:
    try:
        moment = datetime.strptime(cell, "%Y-%m-%d %H:%M:%S" if len(cell) > 10 else "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        raise _Problem(
            f"'{cell}' does not seem to be a valid datetime for field '{table.model.fields[name].label}'",
            name,
        ) from None
    zone = table.env.context.get("tz") or table.store.rows["res.users"][table.env.uid].get("tz")
    if zone:
        moment = moment.replace(tzinfo=ZoneInfo(str(zone))).astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _record(table: Table, name: str, by: str, cell: str) -> int:
    told = table.model.fields[name]
    assert told.relation
    other = table.env.table(told.relation)
    found: int | None
    if by == ".id":
        found = int(cell) if cell.isdigit() and int(cell) in other.rows else None
        kind = "database id"
    elif by == "id":
        found, kind = record_of(other, cell if "." in cell else f"__import__.{cell}"), "external id"
    else:
        hits = [row["id"] for row in other.find([]) if other.display(row) == cell or row.get("name") == cell]
        found, kind = (hits[0] if hits else None), "name"
    if found is None:
        raise _Problem(f"No matching record found for {kind} '{cell}' in field '{told.label}'", name)
    return found


def failed(answer: Any) -> bool:
    """Whether a call's answer is a refused `load`, so that what it wrote must be undone."""
    return isinstance(answer, dict) and answer.get("ids") is False and "messages" in answer
