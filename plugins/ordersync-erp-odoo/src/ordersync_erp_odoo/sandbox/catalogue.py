"""Products and their templates, taxes, pricelists, and other records that a person sets up (measured)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .faults import ValidationFault
from .records import Table
from .stock import quantities
from .store import Row

__all__ = ["Currency", "Location", "ModelData", "Pricelist", "Product", "SalesTax", "Template"]

ZERO = Decimal(0)
_FIGURES = ("qty_available", "virtual_available", "free_qty", "incoming_qty", "outgoing_qty")


class Template(Table):
    """`product.template`; made with one product of its own unless the product came first."""

    def display(self, row: Row, /) -> str:
        code = self.compute(row, "default_code")
        return f"[{code}] {row['name']}" if code else str(row["name"])

    def compute(self, row: Row, name: str, /) -> Any:
        variants = self.env.table("product.product").rows_of(
            self.store.find("product.product", "product_tmpl_id", row["id"])
        )
        if name in ("default_code", "barcode"):
            return variants[0].get(name) if len(variants) == 1 else None
        if name == "product_variant_id":
            return variants[0]["id"] if variants else None
        if name == "product_variant_count":
            return len(variants)
        if name == "currency_id":
            return self.store.rows["res.company"][1]["currency_id"]
        return sum((quantities(self.env, variant["id"])[name] for variant in variants), ZERO)

    def defaults(self, values: Row, given: Mapping[str, Any], /) -> None:
        if self.env.version == "17":
            kind = given.get("detailed_type") or given.get("type") or "consu"
            values["detailed_type"] = values["type"] = kind
        else:
            values.setdefault("type", "consu")
            values.setdefault("is_storable", False)
        values.setdefault("list_price", Decimal(1))
        values.setdefault("standard_price", ZERO)
        values.setdefault("invoice_policy", "order")
        values.setdefault("sale_ok", True)
        values.setdefault("purchase_ok", True)
        if not values.get("uom_id"):
            values["uom_id"] = 1
        if "taxes_id" not in values:
            tax = self.store.rows["res.company"][1].get("account_sale_tax_id")
            values["taxes_id"] = [tax] if tax else []

    def created(self, ids: list[int], /) -> None:
        for record in ids:
            if not self.env.context.get("without_variant"):
                self.env.table("product.product").make([{"product_tmpl_id": record}])


class Product(Table):
    """`product.product`: its name, price and taxes are its template's."""

    def display(self, row: Row, /) -> str:
        name = str(self.value(row, "name"))
        options = self.env.table("product.template.attribute.value").rows_of(
            row.get("product_template_attribute_value_ids") or ()
        )
        if options:
            name += f" ({', '.join(option['name'] for option in options)})"
        return f"[{row['default_code']}] {name}" if row.get("default_code") else name

    def compute(self, row: Row, name: str, /) -> Any:
        if name in _FIGURES:
            return quantities(self.env, row["id"])[name]
        return self.value(row, "list_price")

    def make(self, given: Sequence[Mapping[str, Any]], *, nested: bool = False) -> list[int]:
        own = []
        for values in given:
            self._known(values, nested)
            mine = {k: v for k, v in values.items() if not self.model.fields[k].delegated}
            if not mine.get("product_tmpl_id"):
                shared = {k: v for k, v in values.items() if k not in mine}
                template = self.env.within(without_variant=True).table("product.template")
                mine["product_tmpl_id"] = template.make([shared])[0]
            own.append(mine)
        return super().make(own, nested=nested)

    def created(self, ids: list[int], /) -> None:
        for row in self.rows_of(ids):
            self._unique(row)

    def write(self, ids: Any, vals: Mapping[str, Any]) -> bool:
        self._known(vals, nested=False)
        shared = {k: v for k, v in vals.items() if self.model.fields[k].delegated}
        records = [ids] if isinstance(ids, int) else list(ids or ())
        if shared:
            templates = {row["product_tmpl_id"] for row in self.needed(records)}
            self.env.table("product.template").write(sorted(templates), shared)
        return super().write(records, {k: v for k, v in vals.items() if k not in shared})

    def written(self, ids: list[int], values: Mapping[str, Any], _before: list[Row], /) -> None:
        if "barcode" in values:
            for row in self.rows_of(ids):
                self._unique(row)

    def _unique(self, row: Row) -> None:
        code = row.get("barcode")
        twins = self.store.find("product.product", "barcode", code) if code else []
        if len(twins) > 1:
            names = " and ".join(self.display(twin) for twin in self.rows_of(twins))
            raise ValidationFault(
                f'Barcode(s) already assigned:\n\n- Barcode "{code}" already assigned to product(s): {names}\n\n'
                "Note: products that you don't have access to will not be shown above."
            )


class SalesTax(Table):
    """`account.tax`; in 19 whether prices include it follows from the override alone (measured)."""

    def compute(self, row: Row, _name: str, /) -> Any:
        basis = row.get("price_include_override") or self.store.rows["res.company"][1].get(
            "account_price_include"
        )
        return basis == "tax_included"

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        values.setdefault("type_tax_use", "sale")
        values.setdefault("amount_type", "percent")
        values.setdefault("amount", ZERO)
        values.setdefault("company_id", 1)
        values.setdefault("sequence", 1)
        values.setdefault("is_base_affected", True)
        if not values.get("country_id"):
            values["country_id"] = self.store.rows["res.company"][1]["country_id"]
        if not values.get("tax_group_id"):
            values["tax_group_id"] = next(iter(self.store.rows["account.tax.group"]), None)
        for row in self.rows.values():
            if (row["name"], row["type_tax_use"], row["company_id"]) == (
                values.get("name"),
                values["type_tax_use"],
                values["company_id"],
            ):
                raise ValidationFault(f"Tax names must be unique!\n- {row['name']} in My Company")


class Pricelist(Table):
    """`product.pricelist`."""

    def display(self, row: Row, /) -> str:
        return f"{row['name']} ({self._follow(row, 'currency_id.name')})"

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        values.setdefault("sequence", 16)
        if not values.get("currency_id"):
            values["currency_id"] = self.store.rows["res.company"][1]["currency_id"]


class Currency(Table):
    """`res.currency`; without a rate it counts as one to one (measured)."""

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        values.setdefault("rate", Decimal(1))
        values["decimal_places"] = max(-int(values["rounding"].normalize().as_tuple().exponent), 0)


class Location(Table):
    """`stock.location`."""

    def display(self, row: Row, /) -> str:
        return str(row.get("complete_name") or row["name"])


class ModelData(Table):
    """`ir.model.data`."""

    def compute(self, row: Row, _name: str, /) -> Any:
        return row["_key"]

    def display(self, row: Row, /) -> str:
        return str(row["_key"])

    def created(self, ids: list[int], /) -> None:
        for row in self.rows_of(ids):
            key = f"{row['module']}.{row['name']}"
            if self.store.find(self.name, "_key", key):
                raise ValidationFault(
                    "The operation cannot be completed: duplicate key value violates unique constraint "
                    '"ir_model_data_module_name_uniq_index"'
                )
            self.store.update(
                self.name, row["id"], {"_key": key, "_target": f"{row['model']},{row['res_id']}"}
            )
