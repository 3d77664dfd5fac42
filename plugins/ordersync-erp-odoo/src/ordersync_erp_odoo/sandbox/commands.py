"""The commands in which a write speaks of related records: create, update, delete, unlink, link, clear, set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .faults import ValueFault
from .metadata import Field

if TYPE_CHECKING:
    from .records import Table

__all__ = ["children", "linked"]


def linked(table: Table, current: list[int], commands: Any, told: Field) -> list[int]:
    """The ids of a many2many after its commands; what is empty in any way empties it (measured)."""
    assert told.relation
    other = table.env.table(told.relation)
    if not commands:
        return []
    for command in commands:
        if isinstance(command, int):
            current = [*current, command]
            continue
        code = command[0]
        if code == 6:
            current = [int(record) for record in command[2]]
        elif code == 5:
            current = []
        elif code == 4:
            current = [*current, command[1]] if command[1] not in current else current
        elif code in (2, 3):
            current = [record for record in current if record != command[1]]
        elif code == 0:
            current = [*current, *other.make([command[2]], nested=True)]
        elif code == 1:
            other.write([command[1]], command[2])
        else:
            raise ValueFault(f"Wrong value for {table.name}.{told.name}: {commands!r}")
    other.needed(current)
    return current


def children(table: Table, record: int, told: Field, commands: Any) -> None:
    """Carry out a one2many's commands; new rows are made together."""
    assert told.relation
    assert told.inverse
    other = table.env.table(told.relation)
    fresh: list[Mapping[str, Any]] = []
    for command in commands or ():
        code = command[0]
        if code == 0:
            fresh.append({**command[2], told.inverse: record})
        elif code == 1:
            other.write([command[1]], command[2])
        elif code in (2, 3):
            other.unlink([command[1]])
        elif code == 4:
            other.write([command[1]], {told.inverse: record})
        elif code == 5 or code == 6:
            keep = set(command[2]) if code == 6 else set()
            other.unlink(
                [one for one in table.store.find(other.name, told.inverse, record) if one not in keep]
            )
        else:
            raise ValueFault(f"Wrong value for {table.name}.{told.name}: {commands!r}")
    if fresh:
        other.make(fresh, nested=True)
