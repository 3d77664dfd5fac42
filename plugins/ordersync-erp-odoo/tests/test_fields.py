"""The connector's fields are Odoo's: held against the metadata of both versions and against real exchanges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ordersync.testing.specs import vendor_specs
from ordersync.web import read
from ordersync_erp_odoo.wire import (
    TOUCHED,
    CompanyRow,
    CountryRow,
    HeadRow,
    LineRow,
    MoveRow,
    PartnerRow,
    PickingRow,
    PricelistRow,
    ProductRow,
    Row,
    StockRow,
    TaxRow,
    Version,
    WarehouseRow,
)

AUTOMATIC = {"id", "create_date", "write_date"}
ONLY = {
    "17.0": {("sale.order.line", "tax_id"), ("product.product", "detailed_type")},
    "19.0": {
        ("sale.order.line", "tax_ids"),
        ("product.product", "is_storable"),
        ("account.tax", "price_include_override"),
    },
}
OF_MODULES = {
    ("res.partner", "email_normalized"): "mail",
    ("res.partner", "phone_sanitized"): "phone_validation",
}
"""Fields that a mixin brings, which the metadata of the model itself does not list."""
INCOMPLETE = {("19.0", "res.partner", "state_id")}
"""Missing in the metadata, present in recordings."""
INHERITED = {"product.product": "product.template"}
MODELS = sorted({row.MODEL for row in Row.__subclasses__()} | set(TOUCHED))


def _fields(version: str, model: str) -> set[str] | None:
    folder = vendor_specs("odoo") / f"models-{version}"
    names: set[str] = set()
    for each in (model, INHERITED.get(model)):
        file = folder / f"{each}.json"
        if each and file.is_file():
            names |= set(json.loads(file.read_text("utf-8"))["fields"])
    return names or None


@pytest.mark.parametrize("version", sorted(ONLY))
@pytest.mark.parametrize("model", MODELS)
def test_every_field_exists(version: str, model: str) -> None:
    known = _fields(version, model)
    if known is None:
        pytest.skip(f"no metadata of {model}")
    elsewhere = {field for other in ONLY if other != version for of, field in ONLY[other] if of == model}
    for field in set(Row.wanted(model)) - AUTOMATIC:
        if (model, field) in OF_MODULES or (version, model, field) in INCOMPLETE:
            continue
        assert (field in known) == (field not in elsewhere), field


def _recorded(version: str, name: str) -> Any:
    (file,) = (vendor_specs("odoo") / f"recorded-live-{version}").glob(f"??-{name}.json")
    body = read(file.read_bytes())["body"]
    return body["result"] if isinstance(body, dict) else body


PARSED: list[tuple[str, str, type[Row], dict[str, Any]]] = [
    ("17", "order-read-totals", HeadRow, {}),
    ("19", "order-lines-read", LineRow, {"price_tax": 0}),
    ("17", "product-search-by-sku", ProductRow, {}),
    ("19", "product-read-stock", StockRow, {}),
    ("17", "partner-read", PartnerRow, {}),
    ("19", "company-read", CompanyRow, {}),
    ("19", "tax-search", TaxRow, {}),
    ("19", "country-search-by-code", CountryRow, {}),
    ("17", "warehouse-search", WarehouseRow, {}),
    ("17", "pricelist-search", PricelistRow, {}),
    ("19", "picking-search-for-order", PickingRow, {}),
    ("17", "picking-read-done", PickingRow, {}),
    ("17", "stock-move-search", MoveRow, {}),
]


@pytest.mark.parametrize(("version", "name", "row", "more"), PARSED, ids=[each[1] for each in PARSED])
def test_real_answers_parse(version: str, name: str, row: type[Row], more: dict[str, Any]) -> None:
    for answer in _recorded(version, name):
        row.model_validate({**more, **answer})


def test_real_totals_are_read_exactly() -> None:
    (answer,) = _recorded("17", "order-read-totals")
    head = HeadRow.model_validate(answer)
    assert (str(head.amount_untaxed), str(head.amount_tax), str(head.amount_total)) == (
        "74.99",
        "3.75",
        "78.74",
    )
    assert head.currency_id is not None
    assert head.currency_id.name == "USD"


def test_the_version_is_read() -> None:
    assert Version.model_validate(_recorded("17", "version")).major == 17
    assert Version(server_version="saas~18.2").major == 18


def test_metadata_is_where_it_is_expected() -> None:
    assert Path(vendor_specs("odoo")).is_dir()
