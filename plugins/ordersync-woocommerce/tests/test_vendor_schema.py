"""What the connector sends and the sandbox answers, against the vendor's own schema.

Requests: the arguments that a real shop's index (`GET /wc/v3`) declares for each route. Answers: the vendor's tables of
properties, by name and type.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import jsonschema
import pytest

from ordersync import Cancel, Customer, CustomerAsk, MarkPaid, OrderQuery, OrderStatus, UpdateAsk
from ordersync.testing.specs import vendor_specs
from ordersync.web import read

NEWER = {
    "order": {
        "payment_url", "is_editable", "needs_payment", "needs_processing", "currency_symbol", "_links",
    },
    "customer": {"_links"},
}  # fmt: skip
"""In recordings of 11.0.1 and not in the vendor's tables."""
INTERNAL = {"_fields", "rest_route"}
"""Of WordPress itself: every route has them."""
OPTIONAL_IDS = {"id"}


@functools.cache
def routes() -> dict[str, Any]:
    index = read((vendor_specs("woocommerce") / "recorded-live" / "01-index.json").read_bytes())
    return dict(index["body"]["routes"])


@functools.cache
def properties(resource: str, table: str) -> dict[str, Any]:
    tables = read((vendor_specs("woocommerce") / "wc-v3-properties.json").read_bytes())
    return dict(tables[resource][table]["fields"])


def arguments(method: str, path: str) -> dict[str, Any]:
    """What the route that matches `path` takes; empty where the vendor declares nothing."""
    for pattern, route in routes().items():
        if re.fullmatch(pattern.replace("(?P<", "(?P<"), f"/wc/v3/{path}"):
            for endpoint in route["endpoints"]:
                if method in endpoint["methods"]:
                    args = endpoint["args"]
                    return dict(args) if isinstance(args, dict) else {}
    raise AssertionError(f"the shop has no {method} /{path}")


def schema(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments as a JSON Schema that refuses what is not declared. Read-only ones may not be sent."""

    def closed(rule: Any) -> Any:
        if not isinstance(rule, dict):
            return rule
        kept = {k: v for k, v in rule.items() if k in ("type", "enum", "minimum", "maximum")}
        if "items" in rule:
            kept["items"] = closed(rule["items"])
        if "properties" in rule:
            kept["properties"] = {
                k: closed(v)
                for k, v in rule["properties"].items()
                if not v.get("readonly") or k in OPTIONAL_IDS
            }
            kept["additionalProperties"] = False
        return kept

    required = [name for name, rule in args.items() if rule.get("required")]
    return {
        "type": "object",
        "properties": {name: closed(rule) for name, rule in args.items()},
        "required": required,
        "additionalProperties": False,
    }


def query_problems(params: dict[str, str], args: dict[str, Any]) -> list[str]:
    """Query parameters that are not declared, or whose text cannot be read as declared."""
    wrong = []
    for name, text in params.items():
        if name in INTERNAL or name.startswith("oauth_"):
            continue
        rule = args.get(name)
        if rule is None:
            wrong.append(f"{name} is not declared")
            continue
        values = text.split(",") if rule["type"] == "array" else [text]
        inner = rule["items"] if rule["type"] == "array" else rule
        for value in values:
            if inner["type"] == "integer" and not re.fullmatch(r"\d+", value):
                wrong.append(f"{name}: {value} is no integer")
            if inner["type"] == "boolean" and value not in ("true", "false"):
                wrong.append(f"{name}: {value} is no boolean")
            if "enum" in inner and value not in inner["enum"]:
                wrong.append(f"{name}: {value} is not one of {inner['enum']}")
            if "maximum" in inner and int(value) > inner["maximum"]:
                wrong.append(f"{name}: {value} is too large")
    return wrong


def body_problems(method: str, path: str, body: Any, args: dict[str, Any]) -> list[str]:
    bodies = [body]
    if path.endswith("/batch"):
        assert set(body) <= {"create", "update"}
        args = {name: {**rule, "required": False} for name, rule in args.items()} | {
            "id": {"type": "integer"}
        }
        bodies = [entry for entries in body.values() for entry in entries]
    check = jsonschema.Draft202012Validator(schema(args))
    return [
        f"{method} {path}: {error.json_path} {error.message}"
        for one in bodies
        for error in check.iter_errors(one)
    ]


@pytest.fixture
def traffic(open_stall: Any) -> Any:
    """Everything that the connector asks, in one life."""
    stalls = [open_stall(orders=12, page_size=5), open_stall(orders=3, taxes="real", stock="elsewhere")]
    seen = []
    for stall in stalls:
        connector = stall.connector
        connector.check_access(thorough=True)
        wanted = frozenset({OrderStatus.OPEN, OrderStatus.COMPLETED})
        orders = [o for page in connector.list_orders(OrderQuery(statuses=wanted)) for o in page.orders]
        list(connector.list_orders(OrderQuery(updated_from=orders[1].updated_at, updated_to=orders[2].updated_at,
                                              placed_from=orders[0].placed_at)))  # fmt: skip
        connector.get_orders([order.id for order in orders])
        connector.get_order(orders[0].id)
        made = connector.create_customer(Customer(email="buyer.onyx@example.com", last_name="Onyx"), "oc-x")
        people = [CustomerAsk(Customer(email=f"buyer.{word}@example.com", last_name=word), f"oc-{word}")
                  for word in ("onyx", "opal", "pearl", "quartz")]  # fmt: skip
        connector.create_customers(people)
        connector.find_customers(people)
        drafts = [stall.draft("1", customer_ref=made, note="Ring twice", tags=("a",), po_number="PO-1"),
                  stall.draft("2", metadata={"channel": "app"})]  # fmt: skip
        placed = connector.create_order(drafts[0])
        connector.create_orders([drafts[1], stall.draft("3")])
        found = connector.find_orders([draft.key for draft in drafts])
        refs = [outcome.value.ref for outcome in found]
        connector.update_order(placed.ref, MarkPaid(), "os-1")
        connector.update_orders([UpdateAsk(ref, Cancel(), f"os-{ref.id}") for ref in refs])
        connector.check_stocks([stall.item("LAMP-01"), stall.item("TSHIRT-M")])
        connector.check_discount("WELCOME")
        (hook,) = connector.subscribe("https://hooks.example/x", ["order.created"])
        connector.unsubscribe(hook)
        seen += [(one.request, one.response) for one in stall.wire.exchanges]
    return seen


def test_every_request_is_one_that_the_shop_declares(traffic: Any) -> None:
    wrong, asked = [], set()
    for request, _ in traffic:
        path = request.url.path.removeprefix("/wp-json/wc/v3/")
        args = arguments(request.method, path)
        asked.add((request.method, re.sub(r"\d+", "N", path)))
        if request.method == "GET" and path not in ("system_status", "taxes/classes"):
            params = dict(request.url.params.items())
            wrong += [f"{path}: {each}" for each in query_problems(params, args)]
        elif request.content:
            wrong += body_problems(request.method, path, read(request.content), args)
    assert wrong == []
    assert len(asked) >= 16, sorted(asked)
    assert ("POST", "customers/batch") in asked


def test_a_stray_request_is_found() -> None:
    args = arguments("POST", "orders")
    stray = {"line_items": [{"product_id": 1, "price": 3, "qty": 1, "total": 5}], "transaction": "x"}
    found = " ".join(body_problems("POST", "orders", stray, args))
    for word in ("price", "qty", "5 is not of type", "transaction"):
        assert word in found
    query = arguments("GET", "orders")
    assert query_problems({"meta_key": "x", "orderby": "rank", "per_page": "200"}, query) == [
        "meta_key is not declared",
        f"orderby: rank is not one of {query['orderby']['enum']}",
        "per_page: 200 is too large",
    ]


KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "date-time": (str, type(None)),
    "array": (list,),
    "object": (dict,),
}


def answer_problems(row: dict[str, Any], resource: str, table: str, newer: set[str]) -> list[str]:
    known = properties(resource, table)
    wrong = [f"{name} is not the vendor's" for name in row if name not in known and name not in newer]
    for name, rule in known.items():
        if rule.get("write_only") or rule["type"] not in KINDS:
            continue
        if name not in row:
            wrong.append(f"{name} is missing")
        elif not isinstance(row[name], KINDS[rule["type"]]):
            wrong.append(f"{name} is {type(row[name]).__name__}, not {rule['type']}")
    return wrong


def test_every_order_and_customer_that_the_sandbox_answers_is_the_vendors(traffic: Any) -> None:
    wrong, seen = set(), 0
    for _, answer in traffic:
        data = read(answer.content)
        rows = data if isinstance(data, list) else [*data.get("create", []), *data.get("update", []), data]
        for row in rows:
            if "line_items" in row:
                seen += 1
                wrong |= set(answer_problems(row, "orders", "Order properties", NEWER["order"]))
            elif "username" in row:
                seen += 1
                newer = NEWER["customer"]
                wrong |= set(answer_problems(row, "customers", "Customer properties", newer))
    assert seen > 20
    assert wrong == set()
