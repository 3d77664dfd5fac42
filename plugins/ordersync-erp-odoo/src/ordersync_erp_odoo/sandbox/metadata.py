"""The models and fields that this stand-in offers, per version, in a table of our own (measured).

One line per field: name, type, label, then options. `17` or `19` limits a field to that version; `>model` is the
relation; `<field` the inverse of a one2many; `*` required; `!` read-only; `~` computed on read; `^` lives on the
template of a product; `#a:A,b:B` a selection; `@field` follows a dotted path; `%n` rounds to n digits when stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from .tables import TABLES

__all__ = ["RELATIONAL", "Field", "Model", "models"]

RELATIONAL = ("many2one", "one2many", "many2many")


@dataclass(frozen=True)
class Field:
    """One field of a model."""

    name: str
    type: str
    label: str
    relation: str | None = None
    inverse: str | None = None
    required: bool = False
    readonly: bool = False
    computed: bool = False
    delegated: bool = False
    path: str | None = None
    digits: int | None = None
    selection: tuple[tuple[str, str], ...] = ()

    def describe(self) -> dict[str, object]:
        """As `fields_get` shows it (recorded 17: order-fields-get)."""
        told: dict[str, object] = {
            "type": self.type,
            "string": self.label,
            "name": self.name,
            "required": self.required,
            "readonly": self.readonly,
            "store": not self.computed,
            "searchable": True,
            "sortable": not self.computed,
        }
        if self.relation:
            told["relation"] = self.relation
        if self.inverse:
            told["relation_field"] = self.inverse
        if self.type == "selection":
            told["selection"] = [list(pair) for pair in self.selection]
        if self.type == "float":
            told["digits"] = [16, self.digits] if self.digits is not None else False
        if self.type == "monetary":
            told["currency_field"] = "currency_id"
        return told


@dataclass(frozen=True)
class Model:
    """One model: its title, default order, and fields in the order they are told."""

    name: str
    title: str
    order: str
    fields: dict[str, Field] = field(default_factory=dict)


_MAGIC = """
id integer ID !
display_name char Display_Name ! ~
create_date datetime Created_on !
create_uid many2one Created_by ! >res.users
write_date datetime Last_Updated_on !
write_uid many2one Last_Updated_by ! >res.users
"""


def _parse(line: str, version: str) -> Field | None:
    name, kind, label, *options = line.split()
    said: dict[str, str] = {}
    for option in options:
        if option in ("17", "19"):
            if option != version:
                return None
        elif option.startswith(("17%", "19%")):
            if option[:2] == version:
                said["%"] = option[3:]
        else:
            said[option[0]] = option[1:]
    selection = tuple(
        (pair.split(":")[0].replace("+", " "), pair.split(":")[1].replace("_", " "))
        for pair in said.get("#", "").split(",")
        if pair
    )
    return Field(
        name=name,
        type=kind,
        label=label.replace("_", " "),
        relation=said.get(">"),
        inverse=said.get("<"),
        required="*" in said,
        readonly="!" in said,
        computed="~" in said or "@" in said or kind == "one2many",
        delegated="^" in said,
        path=said.get("@"),
        digits=int(said["%"]) if "%" in said else None,
        selection=selection,
    )


@cache
def models(version: str) -> dict[str, Model]:
    """Every model of one version, by name."""
    made: dict[str, Model] = {}
    for name, (title, order, table) in TABLES.items():
        fields = {}
        for line in filter(None, (_MAGIC + table).splitlines()):
            parsed = _parse(line, version)
            if parsed:
                fields[parsed.name] = parsed
        made[name] = Model(name, title, order[version] if isinstance(order, dict) else order, fields)
    template = made["product.template"].fields
    product = made["product.product"].fields
    for told in template.values():
        if told.name not in product:
            product[told.name] = Field(**{**told.__dict__, "delegated": True})
    return made
