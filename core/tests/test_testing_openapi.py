"""The validator of OpenAPI files: what it finds, names and lets pass."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
import werkzeug
from werkzeug.test import EnvironBuilder

from ordersync.testing.openapi import Deviation, Exchange, Known, OpenApi, Recorder

KEY = {"x-token": "t"}
JSON = {"content-type": "application/json"}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


ORDER = {
    "allOf": [
        schema(id={"type": "integer"}, total={"type": "string"}),
        {"type": "object", "required": ["id"], "properties": {"note": {"type": "string", "nullable": True}}},
    ]
}
MODERN: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://api.example/stores/{hash}/v2", "variables": {"hash": {"default": "h"}}}],
    "security": [{"token": []}],
    "paths": {
        "/orders": {
            "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
            "get": {
                "parameters": [
                    {
                        "name": "filter",
                        "in": "query",
                        "style": "deepObject",
                        "explode": True,
                        "schema": schema(a={"type": "integer"}),
                    }
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                            }
                        },
                    },
                    "204": {"description": "", "content": {}},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["lines"],
                                "properties": {
                                    "lines": {
                                        "type": "array",
                                        "items": {
                                            "anyOf": [
                                                schema(sku={"type": "string"}, quantity={"type": "integer"}),
                                                schema(name={"type": "string"}),
                                            ]
                                        },
                                    },
                                    "free": {"type": "object"},
                                    "open": {**schema(a={}), "additionalProperties": True},
                                },
                            }
                        }
                    },
                },
                "responses": {"201": {"$ref": "#/components/responses/Made"}},
            },
        },
        "/orders/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "old", "in": "query", "deprecated": True, "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "2XX": {
                        "description": "",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    },
                    "default": {"description": ""},
                },
            },
            "delete": {"responses": {"204": {"description": ""}}},
        },
        "/orders/count": {
            "get": {
                "parameters": [
                    {"name": "since", "in": "query", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {"200": {"description": ""}},
            }
        },
    },
    "components": {
        "schemas": {"Order": ORDER},
        "responses": {
            "Made": {
                "description": "",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
            }
        },
        "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Token"}},
    },
}
OLD: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Orders", "version": "1"},
    "host": "shop.example",
    "basePath": "/rest",
    "consumes": ["application/json"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Token"}},
    "security": [{"key": []}],
    "parameters": {
        "limit": {"name": "limit", "in": "query", "type": "integer", "maximum": 250},
        "draft": {"name": "draft", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Draft"}},
    },
    "paths": {
        "/orders": {
            "parameters": [{"$ref": "#/parameters/limit"}],
            "get": {
                "parameters": [
                    {
                        "name": "ids",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "integer"},
                        "collectionFormat": "csv",
                    }
                ],
                "produces": ["application/json"],
                "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Orders"}}},
            },
            "post": {
                "parameters": [{"$ref": "#/parameters/draft"}],
                "responses": {"200": {"$ref": "#/responses/Done"}},
            },
        },
        "/token": {
            "post": {
                "consumes": ["application/x-www-form-urlencoded"],
                "security": [],
                "parameters": [
                    {"name": "code", "in": "formData", "required": True, "type": "string", "minLength": 3}
                ],
                "responses": {"200": {"description": ""}},
            }
        },
    },
    "responses": {
        "Done": {"description": "", "schema": {"type": "boolean"}, "headers": {"X-Left": {"type": "integer"}}}
    },
    "definitions": {
        "Orders": {"type": "array", "items": {"$ref": "#/definitions/Order"}},
        "Order": schema(required={"type": "string"}, note={"type": "string", "x-nullable": True}),
        "Draft": {**schema(number={"type": "string"}), "required": ["number"]},
    },
}


def exchange(
    method: str = "GET",
    path: str = "/stores/abc/v2/orders",
    status: int = 200,
    *,
    sent: Any = None,
    answered: Any = None,
    headers: dict[str, str] = KEY,
    kind: dict[str, str] = JSON,
) -> Exchange:
    return Exchange(
        method,
        f"http://127.0.0.1:8801{path}",
        status,
        {**headers, **(kind if sent is not None else {})},
        b"" if sent is None else json.dumps(sent).encode(),
        kind if answered is not None else {},
        b"" if answered is None else json.dumps(answered).encode(),
    )


def said(document: dict[str, Any], one: Exchange, **options: Any) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [
            str(each).partition(" /stores/{hash}/v2/")[2] or str(each)
            for each in OpenApi(document, **options).deviations(one)
        ]


@pytest.mark.parametrize(
    "one",
    [
        exchange(answered=[{"id": 1, "total": "5.00", "note": None}]),
        exchange(path="/stores/other/v2/orders?page=2&filter[a]=1", answered=[]),
        exchange(status=204),
        exchange(path="/stores/abc/v2/orders/7?old=1", answered={"id": 7}),
        exchange(path="/stores/abc/v2/orders/7", status=404, answered={"anything": 1}),
        exchange(path="/stores/abc/v2/orders/count?since=x", answered=3),
        exchange("DELETE", "/stores/abc/v2/orders/7", 204),
        exchange(
            "POST",
            status=201,
            sent={"lines": [{"sku": "A", "quantity": 1}, {"name": "B"}], "free": {"x": 1}, "open": {"y": 2}},
            answered={"id": 1},
        ),
    ],
)
def test_what_is_documented_passes(one: Exchange) -> None:
    assert said(MODERN, one) == []


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            exchange(answered=[{"id": 1}, {"id": "x"}]),
            ["orders answer 200 /1/id: expected type integer"],
        ),
        (
            exchange(answered=[{"total": None}]),
            [
                "orders answer 200 /0/total: expected type string, not null",
                "orders answer 200 /0: expected the properties id",
            ],
        ),
        (
            exchange(answered=[{"id": 1, "totl": "5"}]),
            ["orders answer 200 /0/totl: expected a documented property"],
        ),
        (
            exchange(status=418, answered=[]),
            ["orders answer 418 (whole): expected one of the statuses 200, 204"],
        ),
        (
            exchange(answered=[], kind={"content-type": "text/html"}),
            ["orders answer 200 (whole): expected one of the media types application/json"],
        ),
        (exchange(), ["orders answer 200 (whole): expected a body that can be read"]),
        (
            exchange(path="/stores/abc/v2/orders?page=0&pgae=1", answered=[]),
            [
                "orders query page: expected minimum 1",
                "orders query pgae: expected a documented parameter",
            ],
        ),
        (
            exchange(path="/stores/abc/v2/orders/first", answered={"id": 1}),
            ["orders/{id} path id: expected integer"],
        ),
        (
            exchange(path="/stores/abc/v2/orders/count", answered=3),
            ["orders/count query since: expected it"],
        ),
        (
            exchange(path="/stores/abc/v2/orders/1", answered={"id": 1}, headers={**KEY, "x-trace": "a"}),
            ["orders/{id} header X-Trace: expected integer"],
        ),
        (
            exchange(answered=[], headers={}),
            ["orders header (whole): expected credentials as the file's security schemes have them"],
        ),
        (
            exchange("POST", status=201, answered={"id": 1}),
            ["orders body (whole): expected a body that can be read"],
        ),
        (
            exchange("POST", status=201, sent={"lines": [{"sku": 5, "qty": 1}]}, answered={"id": 1}),
            ["orders body /lines/0/qty: expected a documented property"],
        ),
        (
            exchange("POST", status=201, sent={"lines": [{"sku": 5, "name": 4}]}, answered={"id": 1}),
            ["orders body /lines/0/sku: expected type string"],
        ),
        (
            exchange("DELETE", "/stores/abc/v2/orders/7", 204, sent={"why": "no"}),
            ["orders/{id} body (whole): expected none"],
        ),
        (
            exchange("PUT", "/stores/abc/v2/orders/7"),
            ["PUT /stores/abc/v2/orders/7 (whole): expected an operation that the vendor documents"],
        ),
    ],
)
def test_a_deviation_names_place_path_and_expectation(one: Exchange, expected: list[str]) -> None:
    assert said(MODERN, one) == expected


def test_no_deviation_quotes_a_value() -> None:
    canary = "buyer.canary@example.com"
    one = exchange("POST", status=201, sent={"lines": canary}, answered={"id": canary, "total": [canary]})
    found = said(MODERN, one)
    assert len(found) == 3
    assert canary not in "".join(found)


def test_swagger_2_is_read_as_well() -> None:
    good = [
        exchange(path="/rest/orders?limit=250&ids=1,2", answered=[{"required": "x", "note": None}]),
        exchange("POST", "/rest/orders", sent={"number": "1"}, answered=True),
    ]
    OpenApi(OLD).hold(good)
    assert said(OLD, exchange(path="/rest/orders?limit=251&ids=1,b", answered=[{"note": 1}])) == [
        "GET /rest/orders query ids: expected array",
        "GET /rest/orders query limit: expected maximum 250",
        "GET /rest/orders answer 200 /0/note: expected type string",
    ]
    assert said(OLD, exchange("POST", "/rest/orders", sent={}, answered="yes", headers={})) == [
        "POST /rest/orders header (whole): expected credentials as the file's security schemes have them",
        "POST /rest/orders answer 200 (whole): expected type boolean",
    ]
    assert said(OLD, exchange("POST", "/rest/orders", sent={}, answered=True)) == [
        "POST /rest/orders body (whole): expected the properties number"
    ]


def test_a_form_of_swagger_2() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    def posted(body: bytes) -> list[str]:
        return said(OLD, Exchange("POST", "http://x.example/rest/token", 200, form, body))

    assert posted(b"code=abc") == []
    assert posted(b"code=a") == ["POST /rest/token body /code: expected minLength 3"]


def test_a_known_deviation_passes_and_a_stale_one_is_told() -> None:
    known = [
        Known("GET /stores/{hash}/v2/orders answer 200 /*/total", "the vendor answers null"),
        Known("GET /stores/{hash}/v2/orders query page[]", "square brackets stand for themselves"),
        Known("* answer 500", "never documented"),
    ]
    api = OpenApi(MODERN, known=known)
    assert api.deviations(exchange(answered=[{"id": 1, "total": None}])) == []
    assert api.stale == (known[1], known[2])
    assert known[1].covers(Deviation("GET /stores/{hash}/v2/orders query", "page[]", "x"))
    assert not known[1].covers(Deviation("GET /stores/{hash}/v2/orders query", "page", "x"))
    assert api.seen == {"GET /stores/{hash}/v2/orders"}


def test_files_are_read_once_for_several_lists_of_exceptions() -> None:
    odd = exchange(answered=[{"id": 1, "total": None}])
    strict = OpenApi(MODERN)
    lenient = strict.excusing(Known("* /*/total", "the vendor answers null"))
    assert lenient.deviations(odd) == []
    assert lenient.stale == ()
    assert len(strict.deviations(odd)) == 1
    assert strict.excusing().seen == set()


def test_answers_may_be_ahead_of_the_file_if_told_so_but_requests_never() -> None:
    api = OpenApi(MODERN, undocumented=False)
    assert api.deviations(exchange(answered=[{"id": 1, "news": 2}])) == []
    assert api.deviations(exchange("POST", status=201, sent={"lines": [], "news": 1}, answered={"id": 1}))


def test_hold_lists_every_deviation_once_and_how_often() -> None:
    bad = exchange(answered=[{"id": "x"}])
    with pytest.raises(AssertionError, match=r"(?s)1 deviations .*/0/id: expected type integer \(2 times\)"):
        OpenApi(MODERN).hold([bad, exchange(status=204), bad])
    with pytest.raises(AssertionError, match="no exchange"):
        OpenApi(MODERN).hold([])


def test_the_first_file_that_knows_a_path_counts(tmp_path: Path) -> None:
    packed = tmp_path / "old.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(OLD).encode()))
    yaml = tmp_path / "modern.yml"
    yaml.write_text(f"# a comment\n{json.dumps(MODERN)}\n", "utf-8")
    api = OpenApi(yaml, packed)
    api.hold([exchange(status=204), exchange(path="/rest/orders", answered=[])])
    assert api.seen == {"GET /stores/{hash}/v2/orders", "GET /rest/orders"}


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(ValueError, match="neither OpenAPI 3 nor Swagger 2"):
        OpenApi({"asyncapi": "2.0"})


def test_the_recorder_passes_on_and_keeps_what_went_through() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        request = werkzeug.Request(environ)
        response = werkzeug.Response(json.dumps([{"id": len(request.get_data())}]), 200, JSON)
        return response(environ, start_response)

    recorder = Recorder(httpx.WSGITransport(app=app))
    with httpx.Client(transport=recorder) as client:
        answer = client.post("http://api.example/stores/abc/v2/orders", headers=KEY, json={"lines": []})
        assert answer.json() == [{"id": 12}]
        with client.stream("GET", "http://api.example/stores/abc/v2/orders", headers=KEY) as streamed:
            assert b"".join(streamed.iter_bytes()) == b'[{"id": 0}]'
    assert [(one.method, one.status) for one in recorder.exchanges] == [("POST", 200), ("GET", 200)]
    assert recorder.exchanges[0].request_body == b'{"lines":[]}'
    OpenApi(MODERN).hold(recorder.exchanges[1:])


def test_an_exchange_is_made_of_werkzeugs_objects_too() -> None:
    request = EnvironBuilder(
        "/stores/abc/v2/orders",
        base_url="http://api.example",
        headers=list(KEY.items()),
        query_string={"page": "x"},
    ).get_request()
    answer = werkzeug.Response("[]", 200, JSON)
    one = Exchange.of(request, answer)
    assert said(MODERN, one) == ["orders query page: expected integer"]
    assert repr(one) == "Exchange(GET /stores/abc/v2/orders, 200)"
