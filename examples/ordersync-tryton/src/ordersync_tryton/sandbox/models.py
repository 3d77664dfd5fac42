"""Tryton's models as far as an order needs them: their fields, how they refer to each other, and how they are searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordersync.testing.kit import Record, Table

__all__ = ["MODELS", "Model", "Shelf", "UnknownName", "UserError"]


class UserError(Exception):
    """Tryton's word for a refusal that a person can do something about."""


class UnknownName(Exception):
    """A model or field that is not there; Tryton answers the bare name."""


@dataclass(frozen=True)
class Model:
    """The fields of a model. `one` and `many` lead to another model; `computed` are asked of the sandbox."""

    plain: tuple[str, ...]
    one: dict[str, str] = field(default_factory=dict)
    many: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Field → (model, the field there that leads back; `""`: ids are kept here)."""
    computed: tuple[str, ...] = ()

    def knows(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in {
            "id",
            "create_date",
            "write_date",
            "last_modified_at",
            *self.plain,
            *self.computed,
        } or (name in self.one or name in self.many)


MODELS = {
    "company.company": Model(("rec_name", "timezone"), one={"currency": "currency.currency"}),
    "currency.currency": Model(("code", "name", "digits", "rounding")),
    "country.country": Model(("code", "name")),
    "country.subdivision": Model(("code", "name"), one={"country": "country.country"}),
    "account.configuration": Model(("tax_rounding",)),
    "account.tax.group": Model(("kind",)),
    "account.tax": Model(
        ("name", "type", "rate", "amount"),
        one={"company": "company.company", "group": "account.tax.group", "parent": "account.tax"},
    ),
    "party.party": Model(
        ("name", "code"),
        many={
            "addresses": ("party.address", "party"),
            "identifiers": ("party.identifier", "party"),
            "contact_mechanisms": ("party.contact_mechanism", "party"),
        },
    ),
    "party.identifier": Model(("type", "code"), one={"party": "party.party"}),
    "party.contact_mechanism": Model(("type", "value", "value_compact"), one={"party": "party.party"}),
    "party.address": Model(
        ("party_name", "street", "postal_code", "city"),
        one={"party": "party.party", "country": "country.country", "subdivision": "country.subdivision"},
    ),
    "product.product": Model(
        ("code", "name", "type", "salable", "sale_uom", "list_price", "template"),
        computed=("quantity", "forecast_quantity"),
    ),
    "stock.location": Model(("code", "name", "type")),
    "sale.sale": Model(
        (
            *("number", "reference", "description", "comment", "state", "invoice_state", "shipment_state"),
            *("sale_date", "payment_term"),
        ),
        one={
            "company": "company.company",
            "currency": "currency.currency",
            "party": "party.party",
            "invoice_address": "party.address",
            "shipment_address": "party.address",
        },
        many={"lines": ("sale.line", "sale")},
        computed=("untaxed_amount", "tax_amount", "total_amount"),
    ),
    "sale.line": Model(
        ("type", "sequence", "description", "quantity", "unit", "unit_price", "note"),
        one={"product": "product.product", "sale": "sale.sale"},
        many={"taxes": ("account.tax", "")},
        computed=("amount",),
    ),
}

Computed = Callable[[str, Record, str, dict[str, Any]], Any]
"""(model, record, field, context) → its value."""


class Shelf:
    """All records, read and searched by dotted names as Tryton does."""

    def __init__(self, tables: dict[str, Table], computed: Computed) -> None:
        self._tables = tables
        self._computed = computed

    def table(self, model: str) -> Table:
        """The records of a model. Raises UnknownName."""
        if model not in self._tables:
            raise UnknownName(model)
        return self._tables[model]

    def search(
        self, model: str, domain: Sequence[Any], order: Sequence[Sequence[str]] | None
    ) -> list[Record]:
        """The records that match; newest first, unless an order is given."""
        rows = [row for row in self.table(model).listed() if self._matches(model, row, domain)]
        for name, way in reversed(order or [("id", "DESC")]):
            rows.sort(key=lambda row: self.value(model, row, name), reverse=way.startswith("DESC"))
        return rows

    def read(self, model: str, row: Record, names: Iterable[str], context: dict[str, Any]) -> Record:
        """A record with these fields; `currency.code` comes inside `"currency."`."""
        answer: Record = {"id": row["id"]}
        nested: dict[str, list[str]] = {}
        for name in names:
            head, dot, rest = name.partition(".")
            if dot:
                nested.setdefault(head, []).append(rest)
            else:
                answer[name] = self.value(model, row, name, context)
        for head, rests in nested.items():
            there, records = self._related(model, row, head)
            inside = [self.read(there, each, rests, context) for each in records]
            single = head in MODELS[model].one
            answer[f"{head}."] = (inside[0] if inside else None) if single else inside
        return answer

    def value(self, model: str, row: Record, name: str, context: dict[str, Any] | None = None) -> Any:
        """One field. Raises UnknownName for one that the model does not have."""
        kind = MODELS[model]
        if not kind.knows(name):
            raise UnknownName(name)
        if name == "last_modified_at":
            return row["write_date"] or row["create_date"]
        if name in kind.computed:
            return self._computed(model, row, name, context or {})
        if name in kind.many:
            return [each["id"] for each in self._related(model, row, name)[1]]
        return float(row[name]) if name == "quantity" else row.get(name)

    def _related(self, model: str, row: Record, head: str) -> tuple[str, list[Record]]:
        kind = MODELS[model]
        if head in kind.one:
            there = kind.one[head]
            found = self.table(there).get(row.get(head)) if row.get(head) else None
            return there, [found] if found else []
        there, back = kind.many[head]
        if back:
            return there, self.table(there).find(**{back: row["id"]})
        return there, [each for each in map(self.table(there).get, row.get(head) or ()) if each]

    def _matches(self, model: str, row: Record, domain: Sequence[Any]) -> bool:
        if not domain:
            return True
        if isinstance(domain[0], str) and domain[0] in ("OR", "AND"):
            every = all if domain[0] == "AND" else any
            return every(self._matches(model, row, part) for part in domain[1:])
        if isinstance(domain[0], str):
            name, operator, wanted = domain
            return any(_holds(value, operator, wanted) for value in self._reached(model, row, name))
        return all(self._matches(model, row, part) for part in domain)

    def _reached(self, model: str, row: Record, name: str) -> list[Any]:
        head, dot, rest = name.partition(".")
        if not dot:
            return [self.value(model, row, name)]
        there, records = self._related(model, row, head)
        return [value for each in records for value in self._reached(there, each, rest)]


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "=":
        return bool(value == wanted)
    if operator == "in":
        return value in wanted
    if operator == "ilike":
        return bool(_like(wanted).fullmatch(value or ""))
    if value is None:
        return False
    if operator == ">":
        return bool(value > wanted)
    if operator == ">=":
        return bool(value >= wanted)
    if operator == "<=":
        return bool(value <= wanted)
    raise UserError(f'The operator "{operator}" is not known.')


def _like(pattern: str) -> re.Pattern[str]:
    """SQL's wildcards: `%` and `_`, unless a backslash stands before them."""
    parts = re.findall(r"\\.|[%_]|[^\\%_]+", pattern)
    signs = {"%": ".*", "_": "."}
    return re.compile(
        "".join(signs.get(part) or re.escape(part.removeprefix("\\")) for part in parts),
        re.IGNORECASE | re.DOTALL,
    )
