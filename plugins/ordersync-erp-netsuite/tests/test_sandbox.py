"""The stand-in by itself: what it answers to whoever asks, without the connector's help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import Fulfill, Fulfillment, OrderQuery, OrderRef
from ordersync.testing import serve
from ordersync.testing.seeds import catalogue, customers
from ordersync.web import Access, VirtualClock
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.sandbox import Sandbox
from ordersync_erp_netsuite.sandbox.suiteql import executed

REST = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
CHECKED = {"x-netsuite-propertynamevalidation": "Error"}


class Client:
    """Asks a sandbox, with a token that is good."""

    def __init__(self, **options: Any) -> None:
        self.clock = VirtualClock()
        self.sandbox = Sandbox(clock=self.clock, **options)
        self.http = httpx.Client(transport=self.sandbox.transport(), base_url="http://netsuite.sandbox")
        self.sandbox.doors.tokens["good"] = self.clock.now().timestamp() + 3600

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"authorization": "Bearer good", **more.pop("headers", {})}
        content = json.dumps(body).encode() if body is not None else None
        return self.http.request(method, path, content=content, headers=headers, **more)

    def query(self, sql: str, **params: int) -> httpx.Response:
        return self.ask("POST", SUITEQL, {"q": sql}, params=params, headers={"prefer": "transient"})

    def id_of(self, kind: str, name: str, value: str) -> str:
        return next(str(each["id"]) for each in self.sandbox.store.all(kind) if each[name] == value)

    def order(self, **more: Any) -> dict[str, Any]:
        line = {"item": {"id": self.id_of("item", "itemId", "LAMP-01")}, "quantity": 2}
        customer = next(iter(self.sandbox.store.all("customer")))["id"]
        return {"entity": {"id": customer}, "item": {"items": [line]}, **more}


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.http.close()


def code(answer: httpx.Response) -> str:
    return str(answer.json()["o:errorDetails"][0]["o:errorCode"])


def test_it_is_born_with_everything_the_seeds_hold() -> None:
    sandbox = Sandbox(orders=20, clock=VirtualClock())
    names = {each["itemId"].rpartition(" : ")[2] for each in sandbox.store.all("item")}
    assert names >= {product.sku for product in catalogue()}
    mails = {each["email"] for each in sandbox.store.all("customer")}
    assert mails >= {person.email for person in customers()[: len(customers()) // 2]}
    assert len(sandbox.standing()) == 20
    assert len([one for one in sandbox.standing() if one.cancelled]) == 1
    assert {one.currency for one in sandbox.standing()} == {"USD", "EUR", "GBP", "JPY", "KWD"}
    assert Sandbox(orders=20, clock=VirtualClock()).standing() == sandbox.standing()
    assert sandbox.customers() == {each["id"] for each in sandbox.store.all("customer")}


def test_unknown_options_are_refused() -> None:
    for options in ({"tax": "vat"}, {"colour": "red"}):
        with pytest.raises(ValueError, match=r"is one of|no option"):
            Sandbox(options=options)


def test_it_keeps_its_state(client: Client) -> None:
    client.ask("POST", f"{REST}/salesOrder", client.order())
    state = client.sandbox.state()
    other = Sandbox(clock=client.clock)
    other.restore(state)
    assert other.standing() == client.sandbox.standing()
    client.ask("POST", f"{REST}/salesOrder", client.order())
    assert len(other.standing()) == len(client.sandbox.standing()) - 1


@pytest.mark.parametrize("auth", ["m2m", "tba"])
def test_the_connector_reaches_it_on_a_socket(auth: str) -> None:
    """Signatures hold over a real address with a port, and over paths with `:` and `!`."""
    sandbox = Sandbox(orders=2, options={"auth": auth})
    order = next(each for each in sandbox.store.all("salesOrder"))
    with serve(sandbox) as served:
        section = sandbox.settings(served.url)
        section.pop("connector")
        connector = NetSuiteConnector(NetSuiteConnector.settings_model.model_validate(section), Access())
        ref = OrderRef(id=order["id"])
        connector.update_order(ref, Fulfill(fulfillment=Fulfillment()), "os-" + "f" * 26)
        shipped = connector.get_order(order["id"])
        assert shipped is not None
        assert shipped.fulfillments
        assert connector.find_order("os-" + "a" * 26) is None
        assert sum(len(page.orders) for page in connector.list_orders(OrderQuery())) == 2
        connector.close()


def test_it_is_served_on_a_socket() -> None:
    with serve(Sandbox()) as served:
        answer = httpx.post(
            f"{served.url}/services/rest/auth/oauth2/v1/token", data={"grant_type": "password"}
        )
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("header", ["", "Bearer bad", "Basic eDp5", 'OAuth realm="1"'])
def test_nobody_comes_in_without_proof(client: Client, header: str) -> None:
    answer = client.http.get(f"{REST}/salesOrder/1", headers={"authorization": header} if header else {})
    assert (answer.status_code, code(answer)) == (401, "INVALID_LOGIN")


def test_a_create_answers_its_place_and_nothing_else(client: Client) -> None:
    answer = client.ask("POST", f"{REST}/salesOrder", client.order())
    assert (answer.status_code, answer.content) == (204, b"")
    told = client.ask("GET", answer.headers["location"]).json()
    assert told["item"] == {"links": told["item"]["links"]}
    assert told["orderStatus"]["id"] == "B"
    whole = client.ask("GET", answer.headers["location"], params={"expandSubResources": "true"}).json()
    (line,) = whole["item"]["items"]
    assert (line["rate"], line["amount"]) == (49.99, 99.98)
    listed = client.ask("GET", f"{REST}/salesOrder").json()
    assert set(listed["items"][0]) == {"id", "links"}


def test_a_misspelt_field_is_lost_or_refused(client: Client) -> None:
    body = client.order(memmo="lost")
    assert client.ask("POST", f"{REST}/salesOrder", body).status_code == 204
    answer = client.ask("POST", f"{REST}/salesOrder", body, headers=CHECKED)
    assert (answer.status_code, code(answer)) == (400, "INVALID_CONTENT")
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == "memmo"


@pytest.mark.parametrize(
    "change",
    [
        {"entity": {"id": "999999"}},
        {"entity": None},
        {"currency": {"id": "999999"}},
        {"subsidiary": {"id": "2"}},
        {"location": {"id": "999999"}},
        {"orderStatus": {"id": "G"}},
        {"tranDate": "01/02/2026"},
        {"email": "nobody"},
        {"otherRefNum": "x" * 46},
        {"item": {"items": []}},
        {"item": {"items": [{"quantity": 1}]}},
        {"item": {"items": [{"item": {"id": "999999"}}]}},
        {"item": {"items": [{"item": {"id": "1"}, "quantity": "1"}]}},
        {"item": []},
        {"taxDetails": {"items": [{"taxDetailsReference": "x", "taxCode": {"id": "1"}}]}},
    ],
    ids=str,
)
def test_a_refused_order_leaves_nothing_behind(client: Client, change: dict[str, Any]) -> None:
    answer = client.ask("POST", f"{REST}/salesOrder", {**client.order(), **change}, headers=CHECKED)
    assert answer.status_code == 400
    assert code(answer) in ("INVALID_CONTENT", "USER_ERROR")
    assert client.sandbox.standing() == []


def test_a_refused_change_changes_nothing(client: Client) -> None:
    place = client.ask("POST", f"{REST}/salesOrder", client.order()).headers["location"]
    before = client.ask("GET", place, params={"expandSubResources": "true"}).json()
    body = {"memo": "x", "item": {"items": [{"line": 1, "quantity": 5}, {"item": {"id": "999999"}}]}}
    assert client.ask("PATCH", place, body).status_code == 400
    assert client.ask("GET", place, params={"expandSubResources": "true"}).json() == before


def test_lines_are_added_changed_and_replaced_by_their_keys(client: Client) -> None:
    place = client.ask("POST", f"{REST}/salesOrder", client.order()).headers["location"]
    (more,) = client.order()["item"]["items"]

    def lines(**params: str) -> list[tuple[int, float]]:
        told = client.ask("GET", place, params={"expandSubResources": "true", **params}).json()
        return [(line["line"], line["quantity"]) for line in told["item"]["items"]]

    client.ask("PATCH", place, {"item": {"items": [more, {"line": 1, "quantity": 7}]}})
    assert lines() == [(1, 7), (2, 2)]
    client.ask("PATCH", f"{place}?replace=item", {"item": {"items": [{"line": 2, "quantity": 3}]}})
    assert lines() == [(2, 3)]
    assert client.ask("PATCH", place, {"item": {"items": [{"line": 1, "quantity": 7}]}}).status_code == 400


def test_an_external_id_is_taken_once(client: Client) -> None:
    first = client.ask("PUT", f"{REST}/salesOrder/eid:abc", client.order())
    again = client.ask("PUT", f"{REST}/salesOrder/eid:abc?replace=item", client.order())
    assert first.headers["location"] == again.headers["location"]
    assert client.ask("POST", f"{REST}/salesOrder", client.order(externalId="abc")).status_code == 400
    assert client.ask("PUT", f"{REST}/salesOrder/17", client.order()).status_code == 405
    missing = client.ask("GET", f"{REST}/salesOrder/eid:nothing")
    assert (missing.status_code, code(missing)) == (404, "NONEXISTENT_ID")


def test_an_order_is_approved_shipped_and_not_unapproved(client: Client) -> None:
    place = client.ask("POST", f"{REST}/salesOrder", client.order(orderStatus={"id": "A"})).headers[
        "location"
    ]
    ship = f"{place}/!transform/itemFulfillment"
    assert client.ask("POST", ship, {}).status_code == 400
    client.ask("PATCH", place, {"orderStatus": {"id": "B"}})
    part = {"item": {"items": [{"orderLine": 1, "quantity": 1, "itemReceive": True}]}, "externalId": "f1"}
    made = client.ask("POST", ship, part)
    assert made.status_code == 204
    assert client.ask("GET", place).json()["status"]["id"] == "D"
    assert client.ask("PATCH", place, {"orderStatus": {"id": "A"}}).status_code == 400
    assert client.ask("POST", ship, part).status_code == 400
    assert client.ask("POST", ship, {"item": {"items": [{"orderLine": 9}]}}).status_code == 400
    assert client.ask("POST", ship, {}).status_code == 204
    assert client.ask("GET", place).json()["status"]["id"] == "F"
    assert client.ask("GET", f"{REST}/itemFulfillment/eid:f1").json()["tranId"].startswith("IF")


@pytest.mark.parametrize(
    ("tax", "state", "expected"),
    [
        ("suitetax", "NY", "8.87"),
        ("legacy", "NY", "8.87"),
        ("suitetax", "CA", "8.50"),
        ("none", "NY", "0.00"),
        ("legacy", "TX", "0.00"),
    ],
)
def test_taxes_are_computed_by_place(tax: str, state: str, expected: str) -> None:
    client = Client(options={"tax": tax})
    body = client.order(shippingAddress={"state": state, "country": {"id": "US"}})
    place = client.ask("POST", f"{REST}/salesOrder", body).headers["location"]
    assert Decimal(str(client.ask("GET", place).json()["taxTotal"])) == Decimal(expected)
    client.http.close()


# -- SuiteQL ---------------------------------------------------------------------------------------------------


def test_suiteql_is_executed(client: Client) -> None:
    sql = "SELECT id, itemid FROM item WHERE UPPER(itemid) LIKE 'OS-%' AND NOT (itemid = 'OS-TAX') ORDER BY itemid DESC"
    rows = client.query(sql).json()["items"]
    assert [row["itemid"] for row in rows] == ["OS-SHIPPING", "OS-ROUNDING", "OS-FEE"]
    assert all(row["links"] == [] and isinstance(row["id"], str) for row in rows)
    assert client.query("SELECT itemid FROM item WHERE itemid = 'O''Neil' ORDER BY id").json()["count"] == 0
    assert "upccode" not in rows[0]


def test_dates_come_in_display_format_unless_asked_for(client: Client) -> None:
    client.ask("POST", f"{REST}/salesOrder", client.order())
    plain = "SELECT id, trandate, lastmodifieddate FROM transaction ORDER BY id"
    assert client.query(plain).json()["items"][0]["lastmodifieddate"] == "11/1/2026"
    shown = "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM transaction ORDER BY id"
    assert client.query(shown).json()["items"][0]["at"] == "2026-11-01 04:00:00"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT id FROM invoice ORDER BY id", "Record 'invoice' was not found"),
        ("SELECT colour FROM item ORDER BY id", "Unknown identifier 'colour'"),
        ("SELECT id FROM item WHERE colour = 1 ORDER BY id", "Unknown identifier 'colour'"),
        ("SELECT BUILTIN.DF(id) FROM item ORDER BY id", "not known"),
        ("SELECT i.id FROM item i JOIN location l ON l.id = i.id", "not known"),
        ("SELECT id FROM item UNION SELECT id FROM location", "unsupported"),
        ("DELETE FROM item", "unsupported"),
        ("SELECT id FROM", "unsupported"),
        ("SELECT SUBSTR(itemid, 1) FROM item ORDER BY id", "not known"),
        ("SELECT id FROM item WHERE id IN (" + ",".join("1" for _ in range(1001)) + ")", "1000"),
    ],
)
def test_what_it_does_not_know_it_refuses(client: Client, sql: str, said: str) -> None:
    answer = client.query(sql)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER")
    assert said in answer.json()["o:errorDetails"][0]["detail"]


def test_pages_follow_the_rules(client: Client) -> None:
    sql = "SELECT id FROM item ORDER BY id"
    whole = [row["id"] for row in client.query(sql).json()["items"]]
    assert len(whole) > 60
    first = client.query(sql, limit=25, offset=0).json()
    third = client.query(sql, limit=25, offset=50).json()
    assert (first["count"], first["hasMore"], first["totalResults"]) == (25, True, len(whole))
    assert [row["id"] for row in third["items"]] == whole[50:75]
    assert any(link["rel"] == "next" for link in first["links"])
    for limit, offset in ((1001, 0), (0, 0), (25, 10)):
        assert client.query(sql, limit=limit, offset=offset).status_code == 400
    assert client.ask("POST", SUITEQL, {"q": sql}).status_code == 400
    assert client.ask("GET", SUITEQL).status_code == 405


def test_a_query_is_read_only_of_what_the_role_sees() -> None:
    rows = executed(
        "SELECT id FROM t WHERE id IS NULL ORDER BY id", {"t": (("id",), lambda: [(None,), ("1",)])}
    )
    assert rows == [{"id": None}]


def test_another_service_is_a_page(client: Client) -> None:
    answer = client.ask("GET", "/services/rest/elsewhere")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert code(client.ask("GET", f"{REST}/invoice/1")) == "INVALID_RECORD_TYPE"
    assert client.ask("DELETE", f"{REST}/salesOrder/1").status_code in (404, 405)


# -- many records at once ----------------------------------------------------------------------------------------

QUEUED = {
    **CHECKED,
    "prefer": "respond-async",
    "content-type": "application/vnd.oracle.resource+json; type=collection",
}
ASYNC = "/services/rest/async/v1/job"


def test_a_collection_is_worked_off_later_record_by_record(client: Client) -> None:
    items = [
        client.order(externalId="a"),
        client.order(entity={"id": "999999"}),
        client.order(externalId="b"),
    ]
    taken = client.ask("POST", f"{REST}/salesOrder", {"items": items}, headers=QUEUED)
    assert (taken.status_code, taken.content, taken.headers["preference-applied"]) == (
        202,
        b"",
        "respond-async",
    )
    place = taken.headers["location"]
    told = client.ask("GET", place).json()
    assert (told["completed"], told["progress"], told["id"]) == (False, "pending", place.rpartition("/")[2])
    assert client.sandbox.standing() == []
    client.clock.sleep(5)
    assert client.ask("GET", place).json()["completed"] is True
    assert {one.key for one in client.sandbox.standing()} == {"a", "b"}
    (tasks,) = client.ask("GET", f"{place}/task").json()["items"]
    assert len(tasks["links"]) == 3
    results = [client.ask("GET", f"{link['href']}/result") for link in tasks["links"]]
    assert [each.status_code for each in results] == [204, 400, 204]
    assert code(results[1]) == "INVALID_CONTENT"
    assert client.ask("GET", f"{place}/task/2").json()["progress"] == "failed"
    for wrong in (f"{ASYNC}/99", f"{place}/task/9/result"):
        assert client.ask("GET", wrong).status_code == 404
    assert client.ask("DELETE", place).status_code == 405


def test_a_job_goes_on_though_nobody_asks(client: Client) -> None:
    client.ask("POST", f"{REST}/salesOrder", {"items": [client.order()]}, headers=QUEUED)
    other = Sandbox(clock=client.clock)
    other.restore(client.sandbox.state())
    client.clock.sleep(5)
    assert len(client.sandbox.standing()) == len(other.standing()) == 1


def test_an_idempotency_key_is_taken_once(client: Client) -> None:
    headers = {**QUEUED, "x-netsuite-idempotency-key": "cac827ea-3543-4cda-add2-bae634326c27"}
    first = client.ask("POST", f"{REST}/salesOrder", {"items": [client.order()]}, headers=headers)
    again = client.ask("POST", f"{REST}/salesOrder", {"items": [client.order()]}, headers=headers)
    assert (again.status_code, code(again)) == (400, "IDEMPOTENCY_ERROR")
    assert again.headers["location"] == first.headers["location"]
    client.clock.sleep(5)
    assert len(client.sandbox.standing()) == 1


def test_records_are_changed_by_their_ids(client: Client) -> None:
    places = [
        client.ask("POST", f"{REST}/salesOrder", client.order(externalId=each)).headers["location"]
        for each in "ab"
    ]
    items = [
        {"id": int(places[0].rpartition("/")[2]), "memo": "first"},
        {"externalId": "b", "memo": "second"},
        {"memo": "nobody"},
    ]
    taken = client.ask("PATCH", f"{REST}/salesOrder", {"items": items}, headers=QUEUED)
    client.clock.sleep(5)
    assert [client.ask("GET", place).json()["memo"] for place in places] == ["first", "second"]
    assert client.ask("GET", f"{taken.headers['location']}/task/3/result").status_code == 400


@pytest.mark.parametrize(
    ("method", "kind", "body", "headers", "status"),
    [
        ("POST", "salesOrder", {"items": []}, QUEUED, 400),
        ("POST", "salesOrder", {"items": [{}] * 101}, QUEUED, 400),
        ("POST", "salesOrder", {"entity": {"id": "1"}}, QUEUED, 400),
        ("POST", "salesOrder", {"items": [{}]}, {**QUEUED, "content-type": "application/json"}, 400),
        ("POST", "itemFulfillment", {"items": [{}]}, QUEUED, 400),
        ("PUT", "salesOrder", {"items": [{}]}, QUEUED, 405),
        ("PATCH", "salesOrder", {"items": [{}]}, CHECKED, 405),
    ],
)
def test_a_collection_that_is_none_is_refused(
    client: Client, method: str, kind: str, body: Any, headers: dict[str, str], status: int
) -> None:
    assert client.ask(method, f"{REST}/{kind}", body, headers=headers).status_code == status
    assert client.sandbox.jobs.state() == []


def test_lines_are_told_as_the_ledger_has_them(client: Client) -> None:
    body = client.order(shippingAddress={"state": "NY", "country": {"id": "US"}}, shippingCost=5)
    place = client.ask("POST", f"{REST}/salesOrder", body).headers["location"].rpartition("/")[2]
    (order,) = client.query("SELECT id, foreigntotal, status FROM transaction ORDER BY id").json()["items"]
    assert (order["id"], order["foreigntotal"], order["status"]) == (place, "113.85", "B")
    sql = "SELECT id, itemtype, quantity, foreignamount, mainline, taxline FROM transactionline WHERE transaction = "
    rows = client.query(f"{sql}{place} ORDER BY transaction, id").json()["items"]
    assert [(row.get("itemtype"), row["foreignamount"], row["mainline"], row["taxline"]) for row in rows] == [
        (None, "113.85", "T", "F"),
        ("InvtPart", "-99.98", "F", "F"),
        ("ShipItem", "-5", "F", "F"),
        ("TaxItem", "-8.87", "F", "T"),
    ]
    assert rows[1]["quantity"] == "-2"
