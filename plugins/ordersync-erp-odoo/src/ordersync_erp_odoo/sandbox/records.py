"""The object layer: one `Table` per model answers its public methods over the store (measured).

A model with rules of its own subclasses `Table`, fills the hooks, and names its further public methods in `exposed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from .commands import children, linked
from .domains import candidates, condition, in_order
from .env import Env
from .faults import AccessFault, MissingFault, ValidationFault, ValueFault
from .metadata import Field, Model
from .store import Row
from .values import shown, stored

__all__ = ["Table"]

_HIDDEN_RECORDS = "Uh-oh! Looks like you have stumbled upon some top-secret records."
_EVERYWHERE = frozenset(
    """search search_read search_count read create write unlink fields_get load get_external_id name_search
    check_access_rights exists message_post""".split()
)


class Table:
    """One model as one caller sees it."""

    exposed: ClassVar[frozenset[str]] = frozenset()
    """Public methods beyond those that every model has."""

    def __init__(self, env: Env, name: str) -> None:
        self.env = env
        self.name = name
        self.store = env.store
        self.model: Model = env.store.models[name]

    @property
    def rows(self) -> dict[int, Row]:
        return self.store.rows[self.name]

    def public(self, method: str) -> bool:
        """Whether a client may call it; `has_access` came after 17 (measured)."""
        if method == "has_access":
            return self.env.version == "19"
        return method in _EVERYWHERE or method in self.exposed

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def defaults(self, values: Row, given: Mapping[str, Any], /) -> None:
        """Fill in what a new row was not given."""

    def created(self, ids: list[int], /) -> None:
        """Follow up on new rows, their lines included."""

    def before_write(self, rows: list[Row], values: Mapping[str, Any], /) -> None:
        """Refuse a change."""

    def written(self, ids: list[int], values: Mapping[str, Any], before: list[Row], /) -> None:
        """Follow up on changed rows."""

    def before_unlink(self, rows: list[Row], /) -> None:
        """Refuse to delete."""

    def unlinked(self, rows: list[Row], /) -> None:
        """Follow up on deleted rows."""

    def compute(self, _row: Row, _name: str, /) -> Any:
        """The value of a computed field."""
        return None

    def display(self, row: Row, /) -> str:
        """The record's name where others mention it."""
        return str(row.get("name") or f"{self.name},{row['id']}")

    def visible(self, _row: Row, /) -> bool:
        """Whether the record rules show it to this caller."""
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def rows_of(self, ids: Iterable[int | None]) -> list[Row]:
        """The rows that exist among `ids`."""
        rows = self.rows
        return [rows[record] for record in ids if record in rows]

    def value(self, row: Row, name: str) -> Any:
        """A field's kept or computed value: an id or None for many2one, ids for the relations to many."""
        told = self.model.fields[name]
        if name == "display_name":
            return self.display(row)
        if told.path:
            return self._follow(row, told.path)
        if told.inverse:
            assert told.relation
            other = self.env.table(told.relation)
            found = other.rows_of(self.store.find(told.relation, told.inverse, row["id"]))
            if "active" in other.model.fields and self.env.context.get("active_test", True):
                found = [one for one in found if one.get("active", True)]
            if "sequence" in other.model.fields:
                found.sort(key=lambda one: (one.get("sequence") or 0, one["id"]))
            return [one["id"] for one in found]
        if told.delegated:
            template = self.env.table("product.template")
            whole = self.store.get("product.template", row.get("product_tmpl_id"))
            return template.value(whole, name) if whole else None
        if told.computed:
            return self.compute(row, name)
        kept = row.get(name)
        return list(kept or ()) if told.type == "many2many" else kept

    def _follow(self, row: Row, path: str) -> Any:
        table: Table = self
        names = path.split(".")
        for name in names[:-1]:
            relation = table.model.fields[name].relation
            assert relation
            owner = self.store.get(relation, table.value(row, name))
            if owner is None:
                return None
            table, row = self.env.table(relation), owner
        return table.value(row, names[-1])

    def descendants(self, ids: Sequence[int]) -> set[int]:
        """`ids` and everything below them by `parent_id` or `location_id`."""
        parent = "parent_id" if "parent_id" in self.model.fields else "location_id"
        family = set(ids)
        grew = True
        while grew:
            more = {row["id"] for row in self.rows.values() if row.get(parent) in family} - family
            grew = bool(more)
            family |= more
        return family

    def find(self, domain: Sequence[Any] | None, order: str | None = None, *, sort: bool = True) -> list[Row]:
        """The rows that match, hidden ones left out (measured)."""
        test = condition(self, domain)
        ids = candidates(self, domain)
        rows: Iterator[Row] = iter(self.rows.values() if ids is None else self.rows_of(sorted(ids)))
        hide = "active" in self.model.fields and self.env.context.get("active_test", True)
        if hide and any(
            isinstance(term, (list, tuple)) and term and term[0] == "active" for term in domain or ()
        ):
            hide = False
        found = [
            row for row in rows if (not hide or self.value(row, "active")) and self.visible(row) and test(row)
        ]
        return in_order(self, found, order) if sort else found

    def search(
        self, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        found = self.find(domain, order)
        return [row["id"] for row in found[offset or 0 : (offset or 0) + limit if limit else None]]

    def search_count(self, domain: Any, limit: int | None = None) -> int:
        count = len(self.find(domain, sort=False))
        return min(count, limit) if limit else count

    def search_read(
        self,
        domain: Any = None,
        fields: Any = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: Any = "_classic_read",
    ) -> list[dict[str, Any]]:
        return self.read(self.search(domain, offset, limit, order), fields, load)

    def read(self, ids: Any, fields: Any = None, load: Any = "_classic_read") -> list[dict[str, Any]]:
        names = ["id", *(name for name in (fields or self.model.fields) if name != "id")]
        for name in names:
            if name not in self.model.fields:
                raise ValueFault(f"Invalid field {name!r} on model {self.name!r}")
        rows = self.rows_of(_listed(ids))
        if not all(self.visible(row) for row in rows):
            raise AccessFault(_HIDDEN_RECORDS)
        return [{name: self._shown(row, self.model.fields[name], load) for name in names} for row in rows]

    def _shown(self, row: Row, told: Field, load: Any) -> Any:
        value = self.value(row, told.name)
        if told.type == "many2one" and value and load == "_classic_read":
            assert told.relation
            owner = self.store.get(told.relation, value)
            return [value, self.env.table(told.relation).display(owner)] if owner else False
        return shown(told, value)

    def name_search(
        self,
        name: str = "",
        domain: Any = None,
        operator: str = "ilike",
        limit: int | None = 100,
        args: Any = None,
    ) -> list[list[Any]]:
        terms = list(domain or args or ())
        if name:
            key = "complete_name" if "complete_name" in self.model.fields else "name"
            if self.name == "product.product":
                terms = ["|", ["default_code", "=", name], ["name", operator, name], *terms]
            else:
                terms = [[key, operator, name], *terms]
        found = self.find(terms)
        return [[row["id"], self.display(row)] for row in found[: limit or None]]

    def fields_get(self, allfields: Any = None, attributes: Any = None) -> dict[str, dict[str, Any]]:
        told = {}
        for name, one in self.model.fields.items():
            if not allfields or name in allfields:
                whole = one.describe()
                told[name] = {k: v for k, v in whole.items() if not attributes or k in attributes}
        return told

    def exists(self, ids: Any) -> list[int]:
        return [row["id"] for row in self.rows_of(_listed(ids))]

    def get_external_id(self, ids: Any) -> dict[str, str]:
        names = {}
        for record in _listed(ids):
            found = self.store.find("ir.model.data", "_target", f"{self.name},{record}")
            names[str(record)] = self.store.rows["ir.model.data"][found[0]]["_key"] if found else ""
        return names

    # -- rights --------------------------------------------------------------------------------------------------------

    def check_access_rights(self, operation: str, raise_exception: bool = True) -> bool:
        allowed = self.env.rights.allow(self.name, operation)
        if not allowed and raise_exception:
            raise self._refused(operation)
        return allowed

    def has_access(self, ids: Any, operation: str) -> bool:
        rows = self.rows_of(_listed(ids))
        return self.env.rights.allow(self.name, operation) and all(self.visible(row) for row in rows)

    def demand(self, operation: str, rows: Iterable[Row] = ()) -> None:
        """Raise unless the caller has the right, and the record rules show these rows (measured)."""
        if not self.env.rights.allow(self.name, operation):
            raise self._refused(operation)
        if not all(self.visible(row) for row in rows):
            raise AccessFault(_HIDDEN_RECORDS)

    def _refused(self, operation: str) -> AccessFault:
        verb = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}[operation]
        return AccessFault(
            f"You are not allowed to {verb} '{self.model.title}' ({self.name}) records.\n\n"
            "No group currently allows this operation.\n\nContact your administrator to request access if necessary."
        )

    # -- writing -------------------------------------------------------------------------------------------------------

    def create(self, vals_list: Any) -> Any:
        if isinstance(vals_list, Mapping):
            return self.make([vals_list])[0]
        return self.make(list(vals_list))

    def make(self, given: Sequence[Mapping[str, Any]], *, nested: bool = False) -> list[int]:
        """Create rows in one transaction; answers their ids."""
        made = [self._insert(values, nested) for values in given]
        self.created(made)
        return made

    def _insert(self, given: Mapping[str, Any], nested: bool) -> int:
        self._known(given, nested)
        values: Row = {}
        many: dict[str, Any] = {}
        for name, raw in given.items():
            told = self.model.fields[name]
            if told.type in ("one2many", "many2many"):
                many[name] = raw
            elif self._kept(told):
                values[name] = stored(told, raw, self.name)
        for name, raw in many.items():
            if self.model.fields[name].type == "many2many":
                values[name] = linked(self, [], raw, self.model.fields[name])
        self._exist(values)
        self.defaults(values, given)
        for told in self.model.fields.values():
            if told.name not in values and self._kept(told):
                values[told.name] = _blank(told)
            if (
                told.required
                and self._kept(told)
                and values[told.name] is None
                and told.type not in ("float", "boolean", "integer")
            ):
                raise self._required(told)
        row = {
            **values,
            "create_date": self.env.now,
            "write_date": self.env.now,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
        }
        record = self.store.insert(self.name, row)
        for name, raw in many.items():
            if self.model.fields[name].type == "one2many":
                children(self, record, self.model.fields[name], raw)
        return record

    def write(self, ids: Any, vals: Mapping[str, Any]) -> bool:
        records = _listed(ids)
        rows = self.needed(records)
        self._known(vals, nested=False)
        self.before_write(rows, vals)
        before = [dict(row) for row in rows]
        plain: Row = {}
        for name, raw in vals.items():
            told = self.model.fields[name]
            if told.type not in ("one2many", "many2many") and self._kept(told):
                plain[name] = stored(told, raw, self.name)
        self._exist(plain)
        for name, value in plain.items():
            if self.model.fields[name].required and value is None:
                raise self._required(self.model.fields[name])
        for record, row in zip(records, rows, strict=True):
            changed = dict(plain)
            for name, raw in vals.items():
                told = self.model.fields[name]
                if told.type == "many2many":
                    changed[name] = linked(self, list(row.get(name) or ()), raw, told)
            self.touch(record, changed)
            for name, raw in vals.items():
                if self.model.fields[name].type == "one2many":
                    children(self, record, self.model.fields[name], raw)
        self.written(records, vals, before)
        return True

    def touch(self, record: int, values: Row) -> None:
        """Change columns and the time of the last change."""
        self.store.update(
            self.name, record, {**values, "write_date": self.env.now, "write_uid": self.env.uid}
        )

    def unlink(self, ids: Any) -> bool:
        rows = self.needed(_listed(ids))
        self.before_unlink(rows)
        self.drop(rows)
        return True

    def drop(self, rows: Sequence[Row]) -> None:
        """Delete rows with their lines and external ids (measured)."""
        for row in rows:
            for told in self.model.fields.values():
                if told.inverse and told.relation and self.model_owns(told):
                    other = self.env.table(told.relation)
                    other.drop(other.rows_of(self.store.find(told.relation, told.inverse, row["id"])))
            for data in self.store.find("ir.model.data", "_target", f"{self.name},{row['id']}"):
                self.store.delete("ir.model.data", data)
            self.store.delete(self.name, row["id"])
        self.unlinked(list(rows))

    def model_owns(self, told: Field) -> bool:
        """Whether the rows behind a one2many go with their owner."""
        assert told.relation
        assert told.inverse
        return self.store.models[told.relation].fields[told.inverse].required

    def message_post(self, ids: Any, _body: str = "", **_: Any) -> int:
        """A note in the record's history; changes no date (measured)."""
        self.needed(_listed(ids))
        return self.store.draw("mail.message")

    def load(self, fields: list[str], data: list[list[Any]]) -> dict[str, Any]:
        from .loading import load_rows

        return load_rows(self, fields, data)

    def needed(self, ids: Iterable[int]) -> list[Row]:
        """The rows of `ids`, each of which must exist."""
        rows = []
        for record in ids:
            row = self.rows.get(record)
            if row is None:
                raise MissingFault(self.name, record, self.env.uid)
            rows.append(row)
        return rows

    def _known(self, values: Mapping[str, Any], nested: bool) -> None:
        for name in values:
            if name not in self.model.fields:
                if self.env.version == "19" and not nested and self.name == "sale.order":
                    raise ValueFault(f"Invalid field {name!r} in {self.name!r}")
                raise ValueFault(f"Invalid field {name!r} on model {self.name!r}")

    def _kept(self, told: Field) -> bool:
        return not told.computed and not told.delegated and told.name not in ("id", "display_name")

    def _exist(self, values: Row) -> None:
        for name, value in values.items():
            told = self.model.fields.get(name)
            if told and told.type == "many2one" and value and told.relation in self.store.rows:
                self.env.table(told.relation).needed([value])

    def _required(self, told: Field) -> ValidationFault:
        if self.env.version == "17":
            return ValidationFault(
                "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"
                "- Delete: another model requires the record being deleted. If possible, archive it instead.\n\n"
                f"Model: {self.model.title} ({self.name})\nField: {told.label} ({told.name})\n"
            )
        return ValidationFault(
            f"The operation cannot be completed: Missing required value for the field '{told.label}' ({told.name}).\n"
            f"Model: '{self.model.title}' ({self.name})\n- create/update: a mandatory field is not set\n"
            "- delete: another model requires the record being deleted, you can archive it instead\n"
        )

    def number(self, row: Row, name: str) -> Decimal:
        """A kept number, zero if none."""
        return row.get(name) or Decimal(0)


def _listed(ids: Any) -> list[int]:
    if isinstance(ids, bool) or not ids:
        return []
    return [ids] if isinstance(ids, int) else [int(record) for record in ids]


def _blank(told: Field) -> Any:
    if told.type == "boolean":
        return told.name == "active"
    if told.type in ("float", "monetary"):
        return Decimal(0)
    if told.type == "many2many":
        return []
    return 0 if told.type == "integer" else None
