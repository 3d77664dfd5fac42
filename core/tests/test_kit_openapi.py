"""A sandbox that starts from a vendor's OpenAPI document: what answers by itself, what is refused, what is overridden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from ordersync.testing.kit import Call, HeaderToken, Record, RestSandbox, route
from ordersync.testing.kit.openapi import OpenApiSandbox, answer_of
from ordersync.testing.kit.routes import routes_of
from ordersync.testing.kit.samples import sample
from ordersync.testing.kit.skeleton import main, skeleton
from ordersync.testing.openapi import Exchange, Known, OpenApi
from ordersync.testing.specs import vendor_specs
from ordersync.web import VirtualClock, dump


def json_of(schema: Any, **more: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema, **more}}}


ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "total"],
    "properties": {
        "id": {"type": "integer", "minimum": 100, "readOnly": True},
        "total": {"type": "string", "example": "12.50"},
        "status": {"type": "string", "enum": ["open", "closed"]},
        "secret": {"type": "string", "writeOnly": True},
        "placed_at": {"type": "string", "format": "date-time"},
        "parent": {"$ref": "#/components/schemas/Order"},
        "lines": {"type": "array", "minItems": 2, "items": {"allOf": [
            {"type": "object", "properties": {"sku": {"type": "string", "maxLength": 2}}},
            {"type": "object", "properties": {"quantity": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}}},
        ]}},
    },
}  # fmt: skip
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Acme", "version": "2"},
    "servers": [{"url": "https://acme.example/api/v2"}],
    "paths": {
        "/orders": {
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                "responses": {"200": json_of({"type": "array", "items": {"$ref": "#/components/schemas/Order"}})},
            },
            "post": {
                "requestBody": {"required": True, **json_of({"$ref": "#/components/schemas/Order"})},
                "responses": {"201": json_of({"$ref": "#/components/schemas/Order"})},
            },
        },
        "/orders/{id}": {
            "parameters": [ID],
            "get": {"responses": {"200": json_of({"$ref": "#/components/schemas/Order"}, example={"id": 7, "total": "1"})}},
            "delete": {"responses": {"204": {"description": ""}}},
        },
    },
    "components": {"schemas": {"Order": ORDER}},
}  # fmt: skip


class Acme(OpenApiSandbox):
    platform: ClassVar[str] = "acme"
    documents: ClassVar[Sequence[Path | Mapping[str, Any]]] = (DOCUMENT,)
    prefix = "/api/v2"
    gate = HeaderToken("X-Api-Key", "sandbox-key")

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url, "api_key": "sandbox-key"}


class Further(Acme):
    """One operation is written by hand."""

    @route("GET", "/orders/<int:id>")
    def one_order(self, call: Call, id: int) -> Record:
        return self.orders.need(id)


def caller(sandbox: RestSandbox) -> httpx.Client:
    return httpx.Client(
        transport=sandbox.transport(),
        base_url="http://acme.example/api/v2",
        headers={"X-Api-Key": "sandbox-key"},
    )


def test_every_operation_answers_from_the_document() -> None:
    with caller(Acme(clock=VirtualClock())) as http:
        assert http.get("/orders/7").json() == {"id": 7, "total": "1"}
        listed = http.get("/orders")
        assert http.delete("/orders/7").status_code == 204
        made = http.post("/orders", json={"total": "3"})
    assert made.status_code == 201
    order = listed.json()[0]
    assert (order["id"], order["total"], order["status"]) == (100, "12.50", "open")
    assert [line["sku"] for line in order["lines"]] == ["te", "te"]
    assert "secret" not in order
    assert OpenApi(DOCUMENT).deviations(Exchange.of(listed.request, listed)) == []


def test_a_request_that_is_not_as_documented_is_refused_and_not_quoted() -> None:
    with caller(Acme(clock=VirtualClock())) as http:
        unknown = http.get("/orders", params={"page": "secret-1"})
        wrong = http.post("/orders", json={"total": 3.5})
        short = http.post("/orders", json={"status": "open"})
    assert [one.status_code for one in (unknown, wrong, short)] == [422, 422, 422]
    assert unknown.json()["error"]["field"] == "page"
    assert "secret-1" not in unknown.text
    assert (wrong.json()["error"]["field"], "3.5" in wrong.text) == ("total", False)
    assert "total" in short.json()["error"]["message"]


def test_what_the_document_does_not_have_is_not_there() -> None:
    with caller(Acme(clock=VirtualClock())) as http:
        assert http.get("/invoices").status_code == 404
        assert http.get("/orders", headers={"X-Api-Key": "wrong"}).status_code == 401


@pytest.mark.parametrize("scheme", ["key", "oauth"])
def test_who_may_come_in_is_the_gates_question_alone(scheme: str) -> None:
    class Stricter(Acme):
        documents: ClassVar[Sequence[Path | Mapping[str, Any]]] = (
            DOCUMENT
            | {"security": [{scheme: []}]}
            | {
                "components": DOCUMENT["components"]
                | {
                    "securitySchemes": {
                        "key": {"type": "apiKey", "in": "header", "name": "X-Other"},
                        "oauth": {"type": "oauth2", "flows": {}},
                    }
                }
            },
        )

    with caller(Stricter(clock=VirtualClock())) as http:
        assert http.get("/orders/7").status_code == 200
        assert http.get("/orders/x").status_code == 422


def test_an_operation_is_overridden_and_the_rest_stays() -> None:
    assert Acme.unwritten() == [
        "GET /api/v2/orders", "POST /api/v2/orders", "GET /api/v2/orders/{id}", "DELETE /api/v2/orders/{id}",
    ]  # fmt: skip
    assert set(Acme.unwritten()) - set(Further.unwritten()) == {"GET /api/v2/orders/{id}"}
    acme = Further(clock=VirtualClock())
    acme.orders.add({"id": 7, "total": "9.99"})
    with caller(acme) as http:
        assert http.get("/orders/7").json()["total"] == "9.99"
        assert http.get("/orders/8").status_code == 404
        assert http.get("/orders/7", params={"depth": "2"}).status_code == 422
        assert http.get("/orders").json()[0]["id"] == 100


def test_a_known_gap_in_the_document_lets_a_request_pass() -> None:
    class Lenient(Acme):
        known: ClassVar[Sequence[Known]] = (Known("GET /api/v2/orders query page", "works, undocumented"),)

    with caller(Lenient(clock=VirtualClock())) as http:
        assert http.get("/orders", params={"page": "2"}).status_code == 200


def test_a_missing_document_is_named(tmp_path: Path) -> None:
    class Absent(Acme):
        documents: ClassVar[Sequence[Path | Mapping[str, Any]]] = (tmp_path / "acme.yml",)

    with pytest.raises(ValueError, match=r"acme needs the vendor's document acme\.yml"):
        Absent(clock=VirtualClock())


def sandbox_of(source: str) -> RestSandbox:
    room: dict[str, Any] = {}
    exec(compile(source, "sandbox.py", "exec"), room)
    made: RestSandbox = room["Sandbox"](clock=VirtualClock())
    return made


def test_a_skeleton_answers_as_the_document_does_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "acme.json").write_bytes(dump(DOCUMENT))
    main([str(tmp_path / "acme.json"), "--platform", "acme"])
    with caller(sandbox_of(capsys.readouterr().out)) as bare, caller(Acme(clock=VirtualClock())) as full:
        for method, path in (("GET", "/orders"), ("GET", "/orders/7"), ("DELETE", "/orders/7")):
            one, other = bare.request(method, path), full.request(method, path)
            assert (one.status_code, one.content) == (other.status_code, other.content)
        assert bare.post("/orders", json={"total": "3"}).status_code == 201
        assert bare.get("/invoices").status_code == 404


def test_a_skeleton_has_the_operations_that_were_asked_for_under_names_of_its_own() -> None:
    twice = {"operationId": "settings", "responses": {"204": {"description": ""}}}
    paths = {
        "/a/{order-id}": {"get": twice, "put": twice},
        '/b"': {"get": {"operationId": "class", "summary": 'a """ \\', "responses": {}}},
    }
    document = {"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": paths}
    source = skeleton(OpenApi(document), "acme")
    made = sandbox_of(source)
    assert made.settings("http://x") == {"url": "http://x"}
    assert {route.target for route in routes_of(type(made))} == {"settings_", "settings__too", "class_"}
    assert "/b" not in skeleton(OpenApi(document), "acme", only=["* /a/*"])
    with pytest.raises(ValueError, match="small letters"):
        skeleton(OpenApi(document), 'a"b')
    with pytest.raises(ValueError, match="no such operation"):
        skeleton(OpenApi(document), "acme", only=["GET /c"])


def test_skeletons_of_vendors_documents_run() -> None:
    for platform, file in (("bigcommerce", "orders.v2.oas2.yml"), ("sfcc", "orders-oas-v1.yaml")):
        api = OpenApi(vendor_specs(platform) / file)
        made = sandbox_of(skeleton(api, platform))
        assert len(routes_of(type(made))) == len(list(api.operations()))


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": True}, 6),
        ({"type": "number", "minimum": 0.25}, Decimal("0.25")),
        ({"type": ["null", "string"], "minLength": 6}, "textte"),
        ({"type": "integer", "maximum": 0}, 0),
        ({"oneOf": [{"type": "boolean"}, {"type": "string"}]}, True),
        ({"items": {"const": 3}}, [3]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 0}, []),
        ({"type": "string", "format": "date"}, "2026-09-01"),
    ],
)
def test_samples_fit_their_schema(schema: dict[str, Any], wanted: Any) -> None:
    assert sample(schema, lambda node: node) == wanted


@pytest.mark.parametrize(
    ("platform", "file", "operations", "conform"),
    [
        ("bigcommerce", "orders.v3.yml", 21, 21),
        ("bigcommerce", "orders.v2.oas2.yml", 28, 21),
        ("bigcommerce", "webhooks.v3.yml", 7, 7),
        ("bigcommerce", "inventory.v3.yml", 5, 5),
        ("sfcc", "orders-oas-v1.yaml", 14, 14),
    ],
)
def test_vendors_documents_answer(platform: str, file: str, operations: int, conform: int) -> None:
    """What is answered is as the document has it, but for properties that stand in the vendor's own examples only."""
    api = OpenApi(vendor_specs(platform) / file)
    strange = {}
    for one in api.operations():
        answer, (method, _, path) = answer_of(one), one.name.partition(" ")
        exchange = Exchange(
            method,
            f"http://vendor.example{path.replace('{', '').replace('}', '')}",
            answer.status or 200,
            answer_headers={"content-type": answer.headers.get("Content-Type", "")},
            answer_body=b"" if answer.body is None else dump(answer.body),
        )
        strange[one.name] = [each for each in api.deviations(exchange) if " answer " in each.place]
    assert len(strange) == operations
    assert sum(not found for found in strange.values()) >= conform
    assert {each.expected for found in strange.values() for each in found} <= {"a documented property"}


def test_a_vendors_document_starts_a_sandbox() -> None:
    class Orders(OpenApiSandbox):
        platform: ClassVar[str] = "orders"
        documents: ClassVar[Sequence[Path | Mapping[str, Any]]] = (
            vendor_specs("bigcommerce") / "orders.v2.oas2.yml",
        )

        @route("GET", "/stores/<shop>/v2/orders/<int:number>")
        def one_order(self, call: Call, shop: str, number: int) -> Record:
            return self.orders.need(number)

    orders = Orders(clock=VirtualClock())
    orders.orders.add({"id": 7})
    base = "http://orders.example/stores/h/v2"
    with httpx.Client(transport=orders.transport(), headers={"X-Auth-Token": "t"}) as http:
        assert http.get(f"{base}/orders/7").json()["id"] == 7
        assert http.get(f"{base}/orders").json()[0]["products"]
        assert http.get(f"{base}/orders", params={"min_id": "x"}).status_code == 422
        assert http.get(f"{base}/orders/count").json().keys() == {"count", "statuses"}
    assert len(Orders.unwritten()) == 27
