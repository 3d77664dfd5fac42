"""Partners: normalised e-mail, the commercial entity, and addresses that are shared (measured)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .faults import ValidationFault, ValueFault
from .records import Table
from .store import Row

__all__ = ["Partner", "State", "normalized"]

_ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")
_COMMERCIAL = ("vat", "company_registry")
_EMAIL = re.compile(r"[^\s<>,;\"']+@[^\s<>,;\"']+")


def normalized(text: str | None) -> str | None:
    """The first address in lower case; None if there is none (measured)."""
    found = _EMAIL.search(text or "")
    return found[0].lower() if found else None


class Partner(Table):
    """`res.partner`."""

    def display(self, row: Row, /) -> str:
        return str(row.get("complete_name") or row.get("name") or "")

    def compute(self, row: Row, name: str, /) -> Any:
        if name == "company_type":
            return "company" if row["is_company"] else "person"
        if name == "commercial_company_name":
            head = self.store.get("res.partner", row["commercial_partner_id"])
            return head["name"] if head and head["is_company"] else row.get("company_name")
        lists = self.env.table("product.pricelist").find([["active", "=", True]])
        return lists[0]["id"] if lists else None

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        values.setdefault("type", "contact")
        if values["type"] is None:
            values["type"] = "contact"
        if "lang" not in values:
            values["lang"] = "en_US"
        self._language(values)
        self._named(values)
        parent = self.store.get("res.partner", values.get("parent_id"))
        if parent and values["type"] == "contact":
            if any(parent.get(name) for name in _ADDRESS):
                values.update({name: parent.get(name) for name in _ADDRESS})
            elif not self.store.find("res.partner", "parent_id", parent["id"]):
                self.store.update(self.name, parent["id"], {name: values.get(name) for name in _ADDRESS})
        values["email_normalized"] = normalized(values.get("email"))

    def created(self, ids: list[int], /) -> None:
        for record in ids:
            self._derive(record)
            for child in self.store.find("res.partner", "parent_id", record):
                self._derive(child)

    def before_write(self, rows: list[Row], values: Mapping[str, Any], /) -> None:
        self._language(values)
        for row in rows:
            self._named({**row, **values})

    def written(self, ids: list[int], values: Mapping[str, Any], _before: list[Row], /) -> None:
        shared = [name for name in _ADDRESS if name in values]
        for record in ids:
            self._derive(record)
            row = self.rows[record]
            if shared:
                self._share(row)
            for child in self.store.find("res.partner", "parent_id", record):
                self._derive(child)

    def _share(self, row: Row) -> None:
        """A contact has its parent's address; 19 writes it back to the parent (measured)."""
        address = {name: row.get(name) for name in _ADDRESS}
        if row["parent_id"] and row["type"] == "contact" and self.env.version == "19":
            self.touch(row["parent_id"], address)
            self._spread(row["parent_id"], address)
        self._spread(row["id"], address)

    def _spread(self, parent: int, address: Row) -> None:
        for child in self.rows_of(self.store.find("res.partner", "parent_id", parent)):
            if child["type"] == "contact":
                self.store.update(self.name, child["id"], dict(address))

    def _derive(self, record: int) -> None:
        row = self.rows[record]
        parent = self.store.get("res.partner", row.get("parent_id"))
        if parent and parent["commercial_partner_id"] is None:
            self._derive(parent["id"])
        head = record if row["is_company"] or not parent else parent["commercial_partner_id"]
        label = dict(self.model.fields["type"].selection)[row["type"]]
        own = row.get("name") or ("" if row["type"] == "contact" else label)
        values: Row = {
            "commercial_partner_id": head,
            "email_normalized": normalized(row.get("email")),
            "complete_name": f"{parent['name']}, {own}" if parent and not row["is_company"] else own,
        }
        if head != record:
            chief = self.rows[head]
            values.update({name: chief.get(name) for name in _COMMERCIAL if chief.get(name)})
        self.store.update(self.name, record, values)

    def _language(self, values: Mapping[str, Any]) -> None:
        code = values.get("lang")
        installed = {row["code"] for row in self.store.rows["res.lang"].values() if row["active"]}
        if code and code not in installed and self.env.version == "17":
            raise ValueFault(f"Wrong value for res.partner.lang: {code!r}")

    def _named(self, values: Mapping[str, Any]) -> None:
        if values.get("name") in (None, False) and values.get("type") in ("contact", None, False):
            raise ValidationFault("The operation cannot be completed: Contacts require a name")


class State(Table):
    """`res.country.state`."""

    def display(self, row: Row, /) -> str:
        return f"{row['name']} ({self._follow(row, 'country_id.code')})"
