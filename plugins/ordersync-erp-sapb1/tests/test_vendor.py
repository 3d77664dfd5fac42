"""Held against the vendor: its $metadata (v2), its OpenAPI (v1), its manual's exchanges, its reference's samples."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ordersync import Cancel, Confirm, Done, Fulfill, Fulfillment, OrderQuery
from ordersync.testing.csdl import Csdl
from ordersync.testing.openapi import Exchange
from ordersync.testing.specs import vendor_specs
from ordersync.web import read
from ordersync_erp_sapb1 import wire
from ordersync_erp_sapb1.faults import fault_of

BODIES: dict[str, type[wire.Body]] = {
    "Document": wire.Document,
    "DocumentLine": wire.DocumentLine,
    "DocumentAdditionalExpense": wire.Expense,
    "AddressExtension": wire.Addresses,
    "BusinessPartner": wire.BusinessPartner,
    "ContactEmployee": wire.Contact,
    "Item": wire.Item,
    "ItemWarehouseInfo": wire.WarehouseInfo,
    "VatGroup": wire.VatGroup,
    "VatGroups_Line": wire.VatRate,
    "SalesTaxCode": wire.SalesTaxCode,
    "AdditionalExpense": wire.ExpenseKind,
    "Currency": wire.Currency,
    "Country": wire.Country,
    "State": wire.State,
    "AdminInfo": wire.AdminInfo,
    "CompanyInfo": wire.CompanyInfo,
    "B1Session": wire.Session,
}
"""The vendor's type → what reads it. `Head` and `DeliveryNote` are parts of Document."""


def everything(desk: Any) -> None:
    """Every request that the connector knows."""
    connector = desk.connector
    connector.check_access(thorough=True)
    draft = desk.draft(po_number="PO-1", note="Ring twice.")
    placed = connector.create_order(draft)
    foreign = desk.draft("2", included=True)
    outcomes = connector.create_orders([foreign, desk.draft("3")])
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    connector.find_orders([draft.key, foreign.key, "os-none"])
    connector.add_line_item(placed.ref, draft.lines[0].model_copy(update={"position": 5}))
    connector.update_order(placed.ref, Confirm(), "os-1")
    part = Fulfillment(lines={"0": draft.lines[0].quantity})
    connector.update_order(placed.ref, Fulfill(fulfillment=part), "os-aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert isinstance(outcomes[0], Done)
    connector.update_order(outcomes[0].value.ref, Cancel(), "os-2")
    connector.check_stock(desk.item())
    connector.get_order(placed.ref.id)
    assert len(list(connector.list_orders(OrderQuery(updated_from=draft.placed_at)))) == 1


def test_every_request_and_answer_is_the_metadatas(open_desk: Any, metadata: Csdl) -> None:
    desk = open_desk(orders=20)
    everything(desk)
    metadata.hold(desk.recorder.exchanges)
    methods = {
        (one.method, one.url.rpartition("/b1s/v2/")[2].partition("?")[0].partition("(")[0])
        for one in desk.recorder.exchanges
    }
    assert {("POST", "$batch"), ("POST", "OrdersService_Preview"), ("PATCH", "Orders")} <= methods


def test_a_wrong_property_would_be_found(open_desk: Any, metadata: Csdl) -> None:
    desk = open_desk()
    everything(desk)
    (create,) = [
        one for one in desk.recorder.exchanges if one.method == "POST" and one.url.endswith("/Orders")
    ]
    for planted, path in (
        (b'"NumAtCard":', "/NumberAtCard"),
        (b'"Quantity":2', "/DocumentLines/*/Quantity"),
        (b'"ExpenseCode":2', "/DocumentAdditionalExpenses/*/ExpenseCode"),
    ):
        wrong = {
            "/NumberAtCard": b'"NumberAtCard":',
            "/DocumentLines/*/Quantity": b'"Quantity":"two"',
            "/DocumentAdditionalExpenses/*/ExpenseCode": b'"ExpenseCode":2.5',
        }[path]
        assert planted in create.request_body
        body = create.request_body.replace(planted, wrong)
        bad = Exchange(create.method, create.url, 201, create.request_headers, body)
        assert [one.path for one in metadata.check([bad])] == [path]


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in sorted((vendor_specs("sap-business-one") / "openapi").glob("*.json")):
        found |= json.loads(file.read_text("utf-8"))["components"]["schemas"]
    return found


RENAMED = {"VatGroups_Line": "VatGroupsLine", "B1Session": "B1Session"}
NOT_TRIMMED_IN = {"AdminInfo", "CompanyInfo"}
"""The trimmed OpenAPI has no company service."""


@pytest.mark.parametrize("name", sorted(set(BODIES) - NOT_TRIMMED_IN))
def test_v1_has_the_same_properties(name: str) -> None:
    schemas = _schemas()
    known = set(schemas[RENAMED.get(name, name)]["properties"])
    wanted = set(BODIES[name].model_fields) - {"own"}
    assert wanted - known == set()


@pytest.mark.parametrize("name", sorted(BODIES))
def test_v2_has_every_property_that_is_read(metadata: Csdl, name: str) -> None:
    known = set(metadata._properties(f"SAPB1.{name}"))
    assert set(BODIES[name].model_fields) - {"own"} - known == set()


def test_the_manuals_exchanges_are_read() -> None:
    """All bodies of `exchanges.json`: session, business partner, order, page of orders, error."""
    told = json.loads(
        (vendor_specs("sap-business-one") / "official-manual" / "exchanges.json").read_text("utf-8")
    )
    unread = []
    for exchange in told["exchanges"]:
        body = exchange["response"].get("body")
        match exchange["name"]:
            case "login":
                assert wire.Session.model_validate(body).SessionTimeout == 30
            case "expired session":
                fault = fault_of(body)
                assert fault is not None
                assert (fault.code, fault.text.startswith("Invalid session")) == ("301", True)
            case "create business partner":
                assert wire.BusinessPartner.model_validate(body).CardCode == "c1"
            case "create order":
                order = wire.Document.model_validate(body)
                assert [line.ItemCode for line in order.DocumentLines] == ["i1", "i2"]
            case "page of orders":
                assert [wire.Document.model_validate(row).DocNum for row in body["value"]] == [2, 3]
            case other:
                assert body is None
                unread.append(other)
    assert unread == ["logout", "patch", "etag"], "these have no body"


def test_the_references_samples_are_read() -> None:
    """Every POST sample of orders, drafts, deliveries, partners, items and tax groups: numbers come as text there."""
    folder = vendor_specs("sap-business-one") / "service-reference"
    rows: dict[str, type[wire.Body]] = {
        "Orders": wire.Document,
        "Drafts": wire.Document,
        "DeliveryNotes": wire.DeliveryNote,
        "BusinessPartners": wire.BusinessPartner,
        "Items": wire.Item,
        "VatGroups": wire.VatGroup,
        "SalesTaxCodes": wire.SalesTaxCode,
        "Currencies": wire.Currency,
        "Countries": wire.Country,
        "States": wire.State,
    }
    seen = []
    for name, row in rows.items():
        for operation in json.loads((folder / f"{name}.json").read_text("utf-8"))["operations"]:
            if operation["method"] != "POST" or operation["path"] != name:
                continue
            body = read(re.sub(r"^POST \S+\s*", "", operation["example"]))
            for number, line in enumerate(body.get("DocumentLines", [])):
                line["LineNum"] = number
            row.model_validate({"DocEntry": 1, **body})
            seen.append(name)
    assert seen == list(rows)


def test_the_sandbox_takes_the_references_order(open_desk: Any) -> None:
    desk = open_desk()
    body = {
        "CardCode": "C0001",
        "DocDueDate": "2014-04-04",
        "DocumentLines": [{"ItemCode": "LAMP-01", "Quantity": "100", "VatGroup": "S19", "UnitPrice": "30"}],
    }
    made = wire.Document.model_validate(desk.connector._service.send("POST", "Orders", body))
    assert (str(made.DocTotal), str(made.VatSum)) == ("3570.00", "570.00")
