"""Every recorded body besides the live sessions: records are read as ours, errors are judged; what is left out is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ordersync import OrderSyncError
from ordersync.testing.specs import vendor_specs
from ordersync.web import Access
from ordersync_erp_odoo.rpc import verdicts
from ordersync_erp_odoo.wire import HeadRow, PartnerRow, ProductRow, Row

ROWS: dict[str, type[Row]] = {
    "res.partner": PartnerRow,
    "sale.order": HeadRow,
    "product.product": ProductRow,
}
LEFT_OUT = {
    "account.move": "invoices are not ordersync's",
    "account.payment": "payments are not either",
    "crm.lead": "nor are leads",
    "ir.model": "descriptions of models are asked by fields_get",
    "product.template": "orders name variants, product.product",
}
OTHER_FIELDS = "it was asked for other fields than the connector asks for"


def folders() -> list[Path]:
    root = vendor_specs("odoo")
    return [root / "recorded", root / "recorded-odoo-cc", root / "json2"]


def answers(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(address or model, answer) of each exchange in a file, however deep it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = name if "/" in str(name) or "." in str(name) else path
            if name in ("response", "result", "body") and isinstance(inner, list):
                yield path, inner
            yield from answers(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from answers(inner, path)


def test_every_recorded_record_is_read_or_named() -> None:
    read, other, left_out = 0, 0, 0
    for folder in folders():
        for file in sorted(folder.glob("*.json")):
            for path, records in answers(json.loads(file.read_text("utf-8"))):
                model = next(
                    (part for part in path.split("/") if re.fullmatch(r"[a-z]+(\.[a-z]+)+", part)), ""
                )
                for record in records:
                    if not isinstance(record, dict) or "id" not in record:
                        continue
                    if model not in ROWS:
                        assert model == "" or model in LEFT_OUT, (
                            f"{file.name}: {model} is neither read nor named"
                        )
                        left_out += 1
                        continue
                    wrong = _not_read(ROWS[model], record)
                    assert wrong <= {"missing"}, f"{file.name}: {sorted(wrong)} ({OTHER_FIELDS} is no excuse)"
                    read, other = read + (not wrong), other + bool(wrong)
    assert (read, other) == (20, 0)
    assert left_out == 3


def _not_read(row: type[Row], record: dict[str, Any]) -> set[str]:
    """What is wrong with a record as this row: nothing, or the kinds of errors."""
    try:
        assert row.model_validate(record).id == record["id"]
    except ValidationError as error:
        return {one["type"] for one in error.errors()}
    return set()


def errors_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and "message" in value and "." in value["name"]:
            yield value
        for inner in value.values():
            yield from errors_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from errors_in(inner)


def test_every_documented_error_is_judged() -> None:
    found = [
        error
        for file in sorted((vendor_specs("odoo") / "json2").glob("*.json"))
        for error in errors_in(json.loads(file.read_text("utf-8")))
    ]
    assert found
    for error in found:
        transport = httpx.MockTransport(lambda request, body=error: httpx.Response(422, json=body))
        client = Access(transport=transport).client("http://odoo.sandbox", verdicts=verdicts, attempts=1)
        with client, pytest.raises(OrderSyncError) as caught:
            client.post("json/2/sale.order/search_read", json={}, repeatable=True)
        assert caught.value.message
