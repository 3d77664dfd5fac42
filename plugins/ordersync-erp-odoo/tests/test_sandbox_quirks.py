"""Each quirk shows its symptom on the raw interface, and costs the transfer nothing: none twice, none lost, to the cent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from ordersync import AccessDenied, Cancel, OrderRef
from ordersync.ledger import State
from ordersync.testing.quirks import Carrier, TooManyRequests
from ordersync.testing.trial import Trial
from ordersync.web import VirtualClock
from ordersync_erp_odoo.listing import PAGE
from ordersync_erp_odoo.sandbox import Sandbox
from ordersync_erp_odoo.sandbox.quirks import ExpiringToken

OLD, NEW = {"version": "17"}, {"version": "19"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


class Server:
    """A sandbox with quirks, asked without the connector."""

    def __init__(self, *, orders: int = 0, version: str = "19", **quirks: str) -> None:
        self.clock = VirtualClock()
        self.sandbox = Sandbox(clock=self.clock, orders=orders, options={"version": version}, quirks=quirks)
        self.key = self.sandbox.settings("http://x")["api_key"]
        self.http = httpx.Client(transport=self.sandbox.transport(), base_url="http://odoo.sandbox")

    def post(self, model: str, method: str, **named: Any) -> httpx.Response:
        headers = {"Authorization": f"bearer {self.key}"}
        return self.http.post(f"/json/2/{model}/{method}", headers=headers, json=named)

    def ask(self, model: str, method: str, **named: Any) -> Any:
        answer = self.post(model, method, **named)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rpc(self, model: str, method: str, *args: Any) -> Any:
        call = ["odoo", 3, self.key, model, method, list(args)]
        params = {"service": "object", "method": "execute_kw", "args": call}
        body = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}
        return self.http.post("/jsonrpc", json=body).json()

    def create(self) -> httpx.Response:
        return self.post("res.partner", "create", vals_list=[{"name": "Raw Amber"}])

    def dates(self) -> dict[int, str]:
        rows = self.ask("sale.order", "search_read", domain=[], fields=["write_date"])
        return {row["id"]: row["write_date"] for row in rows}

    @property
    def count(self) -> int:
        self.sandbox.catch_up()
        return sum(row["name"] == "Raw Amber" for row in self.sandbox.store.rows["res.partner"].values())


# -- the symptoms, on the raw interface -------------------------------------------------------------------------------


def test_a_lost_response_is_a_time_out_of_what_was_done() -> None:
    server = Server(lost_response="")
    before = server.clock.now()
    with pytest.raises(httpx.ReadTimeout):
        server.create()
    assert server.clock.now() - before == timedelta(seconds=30)
    assert server.count == 1
    assert server.create().status_code == 200, "only the first"


def test_a_late_commit_appears_a_minute_later() -> None:
    server = Server(late_commit="after:60,wait:20")
    due = server.clock.now() + timedelta(seconds=60)
    with pytest.raises(httpx.ReadTimeout):
        server.create()
    assert server.count == 0
    server.clock.sleep(100)
    assert server.count == 1
    (row,) = server.ask(
        "res.partner", "search_read", domain=[["name", "=", "Raw Amber"]], fields=["create_date"]
    )
    assert row["create_date"] == f"{due:%Y-%m-%d %H:%M:%S}", "dated when it happened"


@pytest.mark.parametrize("status", [500, 502])
def test_an_error_after_the_commit(status: int) -> None:
    server = Server(error_after_commit=f"status:{status}")
    assert (server.create().status_code, server.count) == (status, 1)


def test_a_truncated_body() -> None:
    server = Server(truncated_body="on:res.partner.search_read")
    answer = server.post("res.partner", "search_read", domain=[], fields=["name"])
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    short = Server(truncated_body="end:short")
    with pytest.raises(httpx.RemoteProtocolError):
        short.create()
    assert short.count == 1


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_reset_looks_the_same_before_and_after(when: str, made: int) -> None:
    server = Server(connection_reset=f"when:{when}")
    with pytest.raises(httpx.ReadError, match="reset"):
        server.create()
    assert server.count == made


def test_too_many_requests_until_the_moment_that_was_named() -> None:
    server = Server(too_many_requests="on:res.partner.*,wait:20,form:date")
    refused = server.create()
    assert (refused.status_code, server.count) == (429, 0)
    until = parsedate_to_datetime(refused.headers["retry-after"])
    assert until - parsedate_to_datetime(refused.headers["date"]) == timedelta(seconds=20)
    assert server.dates() == {}, "only what matches"
    assert server.create().status_code == 429
    server.clock.sleep(20)
    assert server.create().status_code == 200


def test_the_clock_is_ahead() -> None:
    server = Server(clock_ahead="7")
    (made,) = server.create().json()
    (row,) = server.ask("res.partner", "read", ids=[made], fields=["write_date"])
    assert row["write_date"] == f"{server.clock.now() + timedelta(minutes=7):%Y-%m-%d %H:%M:%S}"


def test_latency_takes_the_clocks_time() -> None:
    server = Server(latency="2.5")
    before = server.clock.now()
    server.dates()
    assert server.clock.now() - before == timedelta(seconds=2.5)


def test_a_replica_does_not_show_what_was_written() -> None:
    server = Server(slow_index="20")
    (made,) = server.create().json()
    assert server.ask("res.partner", "read", ids=[made], fields=["name"]) == []
    assert server.ask("res.partner", "search_count", domain=[["id", "=", made]]) == 0
    assert server.rpc("res.partner", "search", [["id", "=", made]])["result"] == [made], "not over JSON-RPC"
    server.clock.sleep(19)
    assert server.ask("res.partner", "search", domain=[["id", "=", made]]) == []
    server.clock.sleep(1)
    assert server.ask("res.partner", "search", domain=[["id", "=", made]]) == [made]
    server.ask("res.partner", "write", ids=[made], vals={"name": "Changed"})
    assert server.ask("res.partner", "read", ids=[made], fields=["name"])[0]["name"] == "Raw Amber"


def test_all_written_in_one_second() -> None:
    plain, equal = Server(orders=12), Server(orders=12, equal_updated_at="")
    assert len(set(plain.dates().values())) > 3
    assert len(set(equal.dates().values())) == 1


def test_an_edit_of_a_line_leaves_no_trace() -> None:
    for server, moved in ((Server(orders=1), True), (Server(orders=1, silent_edit=""), False)):
        before = server.dates()
        (line, *_) = server.ask("sale.order.line", "search", domain=[["order_id", "=", 1]])
        server.ask("sale.order.line", "write", ids=[line], vals={"product_uom_qty": 9})
        assert (server.dates() != before) is moved
        (row,) = server.ask("sale.order.line", "read", ids=[line], fields=["product_uom_qty"])
        assert row["product_uom_qty"] == 9


def test_the_key_runs_out() -> None:
    server = Server(expiring_token="2")
    codes = [server.post("res.partner", "search", domain=[]).status_code for _ in range(4)]
    assert codes == [200, 200, 401, 401]
    assert server.sandbox.settings("http://x")["api_key"] != server.key
    old = Server(expiring_token="1", version="17")
    assert "result" in old.rpc("res.partner", "search", [])
    assert old.rpc("res.partner", "search", [])["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


def test_a_conflict_is_a_success_without_ids() -> None:
    server = Server(conflicts="1")
    load = {"fields": ["id", "name"], "data": [["x.one", "Raw Amber"]]}
    told = server.ask("res.partner", "load", **load)
    assert told["ids"] is False
    assert "serialize" in told["messages"][0]["message"]
    assert server.count == 0
    assert server.ask("res.partner", "load", **load)["ids"]


def test_what_odoo_cannot_have_is_not_offered() -> None:
    for quirk in ("nested_pages", "big_ids", "small_pages", "local_time", "duplicate_webhooks"):
        with pytest.raises(ValueError, match="known: clock_ahead, conflicts"):
            Sandbox(clock=VirtualClock(), quirks={quirk: ""})


# -- the transfer under each of them ----------------------------------------------------------------------------------

WRITING: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"lost_response": "on:sale.order.load"}, OLD),
    ({"lost_response": "on:sale.order.load|sale.order.action_confirm,first:2"}, NEW),
    ({"lost_response": "on:sale.order.load,every:2"}, OLD),
    ({"lost_response": "on:res.partner.load"}, NEW),
    ({"late_commit": "on:sale.order.load"}, OLD),
    ({"late_commit": "on:sale.order.action_confirm"}, NEW),
    ({"error_after_commit": "on:sale.order.load,status:500"}, OLD),
    ({"error_after_commit": "status:502,every:2"}, NEW),
    ({"truncated_body": "on:sale.order.load"}, NEW),
    ({"truncated_body": "end:short,every:2"}, OLD),
    ({"connection_reset": "when:before,first:2"}, NEW),
    ({"connection_reset": "on:sale.order.load"}, OLD),
    ({"too_many_requests": "every:9,form:date"}, NEW),
    ({"latency": "20"}, NEW),
    ({"slow_index": "20"}, NEW),
    ({"slow_index": "20", "lost_response": "on:sale.order.load"}, NEW),
    ({"slow_index": "20", "lost_response": "on:sale.order.action_confirm"}, NEW),
    ({"clock_ahead": "7"}, OLD),
    ({"clock_ahead": "7", "too_many_requests": "every:9,form:date"}, NEW),
    ({"expiring_token": "20"}, NEW),
    ({"expiring_token": "20"}, OLD),
    ({"conflicts": "2"}, NEW),
    ({"conflicts": "6"}, OLD),
]
READING: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"equal_updated_at": ""}, OLD),
    ({"equal_updated_at": ""}, NEW),
    ({"silent_edit": ""}, NEW),
    ({"slow_index": "20"}, NEW),
    ({"expiring_token": "20"}, NEW),
    ({"clock_ahead": "7"}, OLD),
    ({"lost_response": "on:reads,every:4"}, NEW),
    ({"error_after_commit": "on:reads,every:4"}, OLD),
    ({"truncated_body": "on:reads,every:4", "connection_reset": "on:reads,every:5"}, NEW),
    ({"too_many_requests": "first:2,form:date"}, OLD),
    ({"latency": "20"}, NEW),
]


def name(value: object) -> str:
    assert isinstance(value, dict)
    return "+".join(f"{key}={text}" if text else key for key, text in value.items())


def assert_struck(trial: Trial) -> None:
    for quirk in trial.sandbox.quirks.values():
        if isinstance(quirk, Carrier):
            assert quirk.struck, f"{quirk.name} never struck"
        if isinstance(quirk, TooManyRequests):
            assert quirk.early == 0, "it came back before it was allowed to"
        if isinstance(quirk, ExpiringToken):
            assert quirk.issued > 1
            assert all(isinstance(error, AccessDenied) for error in trial.errors)


@pytest.mark.parametrize(("quirks", "options"), WRITING, ids=name)
def test_orders_are_written_once_and_to_the_cent(quirks: dict[str, str], options: dict[str, str]) -> None:
    with Trial("erp-odoo", quirks, side="target", orders=3, options=options) as trial:
        trial.run()
        assert trial.wrong() == []
        assert_struck(trial)


@pytest.mark.parametrize(("quirks", "options"), READING, ids=name)
def test_orders_are_read_once_and_whole(quirks: dict[str, str], options: dict[str, str]) -> None:
    with Trial("erp-odoo", quirks, side="source", orders=9, options=options) as trial:
        trial.run()
        placed = list(trial.store.placed)
        trial.clock.sleep(3600)
        trial.run()
        assert list(trial.store.placed) == placed
        assert trial.wrong() == []
        assert_struck(trial)


def test_more_than_a_page_of_one_second_is_read_whole() -> None:
    with Trial("erp-odoo", {"equal_updated_at": ""}, side="source", orders=260) as trial:
        trial.sync(limit=60)
        trial.run()
        assert len(trial.store.placed) == sum(not one.cancelled for one in trial.sandbox.standing()) > PAGE
        assert trial.wrong() == []


@pytest.mark.parametrize("quirks", [{"clock_ahead": "9"}, {"slow_index": "20"}], ids=name)
def test_what_is_new_is_seen(quirks: dict[str, str]) -> None:
    with Trial("erp-odoo", quirks, side="source", orders=3) as trial:
        trial.sync()
        odoo = trial.sandbox
        assert isinstance(odoo, Sandbox)
        http = httpx.Client(transport=odoo.transport(), base_url="http://odoo.sandbox")
        bearer = {"Authorization": f"bearer {odoo.settings('http://x')['api_key']}"}
        line = odoo.store.rows["sale.order.line"][1]
        asked = {
            "partner_id": odoo.store.rows["sale.order"][1]["partner_id"],
            "order_line": [[0, 0, {"product_id": line["product_id"], "product_uom_qty": 2}]],
        }
        for _ in range(4):
            made = http.post("/json/2/sale.order/create", headers=bearer, json={"vals_list": [asked]})
            ids = {"ids": made.json()}
            assert http.post("/json/2/sale.order/action_confirm", headers=bearer, json=ids).status_code == 200
            trial.clock.sleep(50)
            trial.sync()
        assert len(trial.store.placed) == 7
        assert trial.wrong() == []


def test_a_silent_edit_is_seen_when_the_order_is_looked_at() -> None:
    """A parked order was mended without a new `write_date`: no listing shows it, a retry does."""
    with Trial("erp-odoo", {"silent_edit": ""}, side="source", orders=14) as trial:
        trial.park_unknown_skus()
        report = trial.sync()
        assert report.parked == 1
        (parked,) = (one for one, state in trial.states().items() if state is State.PARKED)
        odoo = trial.sandbox
        assert isinstance(odoo, Sandbox)
        http = httpx.Client(transport=odoo.transport(), base_url="http://odoo.sandbox")
        bearer = {"Authorization": f"bearer {odoo.settings('http://x')['api_key']}"}
        lines = odoo.store.find("sale.order.line", "order_id", int(parked))
        gone = [
            line
            for line in lines
            if odoo.store.rows["product.product"][odoo.store.rows["sale.order.line"][line]["product_id"]][
                "default_code"
            ]
            is None
        ]
        change = {"ids": gone, "vals": {"product_uom_qty": 0}}
        assert http.post("/json/2/sale.order.line/write", headers=bearer, json=change).status_code == 200
        trial.clock.sleep(3600)
        assert trial.sync().created == 0, "no listing shows it"
        assert trial.retry(parked).created == 1
        number = next(order.number for order in trial.sandbox.standing() if order.id == parked)
        assert trial.wrong(edited=[str(number), f"S{int(parked):05d}"]) == []


def test_a_change_is_not_taken_for_refused_because_it_does_not_show_yet() -> None:
    with Trial("erp-odoo", {"slow_index": "20"}, side="target", orders=1) as trial:
        trial.run()
        (made,) = trial.made()
        connection = trial.connection()
        connection.update_order(OrderRef(id=made.id), Cancel(), "os-cancel")
        (made,) = trial.made()
        assert made.cancelled
        connection.close()
