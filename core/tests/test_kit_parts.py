"""The kit's parts, one by one: what each promises, and that a restart keeps it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from ordersync.cli.states import load_state, save_state
from ordersync.testing import StandingOrder, seeds, serve
from ordersync.testing.kit import (
    Answer,
    AssembledSandbox,
    BasicKeys,
    Bill,
    Call,
    ClientCredentials,
    Concurrency,
    CursorPages,
    Fault,
    FixedWindow,
    Gate,
    HeaderToken,
    HmacSigned,
    IdempotencyKeys,
    LateIndex,
    LeakyBucket,
    LinkHeaderPages,
    LostWebhooks,
    NextFieldPages,
    NumberedPages,
    OffsetPages,
    Pages,
    Part,
    RepeatedWebhooks,
    RestSandbox,
    SmallPages,
    StandardSigned,
    Table,
    Webhooks,
    bill,
    counting,
    pattern,
    priced,
    route,
    uuids,
)
from ordersync.testing.quirks import Quirk
from ordersync.web import (
    Access,
    Client,
    Reply,
    VirtualClock,
    cursor_pages,
    link_header_pages,
    next_field_pages,
    numbered_pages,
    offset_pages,
)

START = VirtualClock().now()


class Plain(RestSandbox):
    """Rows to list, to read, and to write; whoever comes may do so."""

    platform: ClassVar[str] = "plain"
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = (LateIndex, SmallPages, RepeatedWebhooks, LostWebhooks)
    pages: Pages = NumberedPages(items="rows")

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url}

    def stands(self, order: dict[str, Any]) -> StandingOrder | None:
        return None

    @route("GET", "/rows", scope="rows:read")
    def rows(self, call: Call) -> Answer:
        return self.pages.page(call, self.orders.listed(), show=lambda row: {"id": row["id"]})

    @route("POST", "/rows", status=201, scope="rows:write", cost=2)
    @route("PUT", "/rows", status=202)
    def add(self, call: Call) -> dict[str, Any]:
        return self.orders.add(dict(call.fields))

    @route("POST", "/odd")
    def odd(self, call: Call) -> Answer:
        row = self.orders.add({})
        return Answer(row, 409 if row["id"] == 1 else 201)

    @route("DELETE", "/rows/<int:id>")
    def remove(self, call: Call, id: int) -> None:
        self.orders.remove(id)

    @route("GET", "/ping", open=True)
    def ping(self, call: Call) -> dict[str, Any]:
        return {"at": call.now, "since": call.moment("since")}


def made(part: Part | None = None, name: str = "", clock: VirtualClock | None = None, **more: Any) -> Plain:
    """A sandbox of a class with one part more."""
    kind = type("Made", (Plain,), {} if part is None else {name: part})
    sandbox: Plain = kind(clock=clock or VirtualClock(), **more)
    return sandbox


def http(sandbox: RestSandbox, **more: Any) -> httpx.Client:
    return httpx.Client(transport=sandbox.transport(), base_url="http://plain.example", **more)


# -- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (counting(1001), [1001, 1002]),
        (pattern("gid://acme/Order/{}", 7), ["gid://acme/Order/7", "gid://acme/Order/8"]),
        (pattern("ord_{:04d}"), ["ord_0001", "ord_0002"]),
    ],
)
def test_ids_count(ids: Any, wanted: list[Any]) -> None:
    table = made(Table(ids=ids), "orders").orders
    assert [table.add({})["id"], table.add({})["id"]] == wanted


def test_uuids_repeat_from_run_to_run_and_differ_between_tables() -> None:
    class Two(Plain):
        orders = Table(ids=uuids())
        others = Table(ids=uuids())

    one, other = Two(clock=VirtualClock()), Two(clock=VirtualClock())
    assert one.orders.add({})["id"] == other.orders.add({})["id"]
    assert one.orders.add({})["id"] != other.others.add({})["id"]


def test_ids_are_not_given_out_again() -> None:
    table = made().orders
    table.remove(table.add({})["id"])
    assert table.add({})["id"] == 2


def test_an_id_that_is_brought_does_not_collide_with_one_that_is_counted() -> None:
    table = made().orders
    table.add({"id": 2})
    assert [table.add({})["id"] for _ in range(3)] == [1, 3, 4]


def test_times_are_the_clocks_and_changes_move_one_of_them() -> None:
    clock = VirtualClock()
    table = made(clock=clock).orders
    row = table.add({"deep": {"n": 1}})
    clock.sleep(5.7)
    table.change(row, note="x")
    assert (row["created_at"], row["updated_at"]) == (START, START + timedelta(seconds=5))
    born = table.add({"created_at": START - timedelta(days=9)})
    assert born["created_at"] == START - timedelta(days=9)


def test_look_ups_follow_changes() -> None:
    table = made(Table(by=("sku",)), "orders").orders
    one, two = table.add({"sku": "A"}), table.add({"sku": "A", "kind": "x"})
    assert table.find(sku="A") == [one, two]
    assert table.find(sku="A", kind="x") == [two]
    table.change(one, sku="B")
    assert (table.first(sku="B"), table.find(sku="A")) == (one, [two])
    table.remove(two["id"])
    assert table.first(sku="A") is None
    assert table.find(kind="x") == []


def test_what_stands_once_stands_once() -> None:
    table = made(Table(unique=("key",)), "orders").orders
    one, other = table.add({"key": "k"}), table.add({"key": ""})
    table.add({"key": ""})
    with pytest.raises(Fault, match="key is taken"):
        table.add({"key": "k"})
    with pytest.raises(Fault, match="key is taken"):
        table.change(other, key="k")
    table.change(one, key="k")
    assert (len(table), other["key"]) == (3, "")


def test_the_index_lags_behind_additions_changes_and_removals() -> None:
    clock = VirtualClock()
    table = made(Table(lag=10), "orders", clock=clock).orders
    row = table.add({"n": 1})
    assert (table.listed(), table.get(1)) == ([], row)
    clock.sleep(10)
    table.change(row, n=2)
    assert ([one["n"] for one in table.listed()], row["n"]) == ([1], 2)
    clock.sleep(9)
    table.remove(1)
    clock.sleep(1)
    assert ([one["n"] for one in table.listed()], 1 in table) == ([2], False)
    clock.sleep(9)
    assert table.listed() == []


def test_a_lag_that_comes_later_hides_nothing_that_was_there() -> None:
    clock = VirtualClock()
    first = made(clock=clock)
    first.orders.add({})
    later = made(clock=clock, quirks={"late_index": "60"})
    later.restore(first.state())
    first.orders.lag = 60
    for sandbox in (first, later):
        sandbox.orders.add({})
        assert [row["id"] for row in sandbox.orders.listed()] == [1]
    clock.sleep(60)
    assert [row["id"] for row in later.orders.listed()] == [1, 2]


# -- gates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "good", "bad"),
    [
        (HeaderToken("X-Key", "sandbox-key"), {"X-Key": "sandbox-key"}, {"X-Key": "sandbox-kez"}),
        (
            HeaderToken("Authorization", {"t": {"rows:read"}}, scheme="Bearer"),
            {"Authorization": "bearer t"},
            {"Authorization": "t"},
        ),
        (
            BasicKeys({"name": "secret"}),
            {"Authorization": f"Basic {base64.b64encode(b'name:secret').decode()}"},
            {"Authorization": f"Basic {base64.b64encode(b'other:').decode()}"},
        ),
        (
            BasicKeys({"name": "secret"}),
            {"Authorization": "Basic bmFtZTpzZWNyZXQ="},
            {"Authorization": "Basic %"},
        ),
    ],
)
def test_gates_let_in_who_proves_it(gate: Gate, good: dict[str, str], bad: dict[str, str]) -> None:
    sandbox = made(gate, "gate")
    with http(sandbox) as client:
        answers = [client.get("/rows", headers=headers) for headers in (good, bad, {})]
        assert [one.status_code for one in answers] == [200, 401, 401]
        assert client.get("/ping").status_code == 200
    assert answers[1].json()["error"]["code"] == "unauthorized"
    assert ("www-authenticate" in answers[1].headers) == isinstance(gate, BasicKeys)
    assert sandbox.gate.refused == 2


def test_a_missing_scope_is_403_and_nothing_is_done() -> None:
    sandbox = made(HeaderToken("X-Key", {"r": {"rows:read"}, "all": None}), "gate")
    with http(sandbox) as client:
        assert client.get("/rows", headers={"X-Key": "r"}).status_code == 200
        refused = client.post("/rows", headers={"X-Key": "r"}, json={})
        assert (refused.status_code, refused.json()["error"]["scope"]) == (403, "rows:write")
        assert len(sandbox.orders) == 0
        assert client.post("/rows", headers={"X-Key": "all"}, json={}).status_code == 201


def test_rotating_refresh_tokens_are_good_once() -> None:
    clock = VirtualClock()
    gate = ClientCredentials({"id": "secret"}, refresh="rotating", first_refresh="first", seconds=60)
    sandbox = made(gate, "gate", clock=clock)
    with http(sandbox, auth=("id", "secret")) as client:

        def renew(token: str) -> httpx.Response:
            return client.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token})

        first = renew("first").json()
        assert renew("first").json()["error"]["code"] == "invalid_grant"
        second = renew(first["refresh_token"]).json()
        assert first["access_token"] != second["access_token"]
        assert client.post("/oauth/token", data={"grant_type": "client_credentials"}).status_code == 400
    with http(sandbox, headers={"Authorization": f"Bearer {second['access_token']}"}) as client:
        assert client.get("/rows").status_code == 200
        clock.sleep(60)
        assert client.get("/rows").status_code == 401


def test_a_wrong_client_gets_no_token() -> None:
    with http(made(ClientCredentials({"id": "secret"}), "gate")) as client:
        form = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "wrong"}
        refused = client.post("/oauth/token", data=form)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_client")
        assert (
            client.post("/oauth/token", data={**form, "client_secret": "secret"}).json()["expires_in"] == 3600
        )


# -- pages ----------------------------------------------------------------------------------------------------------

Read = Callable[[Client], Iterator[Reply]]
PAGES: list[tuple[Pages, Read]] = [
    (NumberedPages(items="rows"), lambda c: numbered_pages(c, "rows", items="rows", length=3)),
    (
        NumberedPages(number="p", first=0, size="n"),
        lambda c: numbered_pages(c, "rows", number="p", first=0, size="n", length=3),
    ),
    (OffsetPages(items="data.rows"), lambda c: offset_pages(c, "rows", items="data.rows", length=3)),
    (
        CursorPages(items="rows", following="paging.next", more="paging.more", cursor="after"),
        lambda c: cursor_pages(
            lambda at: c.get("rows", params={"limit": "3"} | ({"after": at} if at else {})),
            cursor="paging.next",
            more="paging.more",
        ),
    ),
    (LinkHeaderPages(), lambda c: link_header_pages(c, "rows", {"limit": "3"})),
    (
        NextFieldPages(items="value", field="@odata.nextLink", skip="$skip", size="$top", absent=True),
        lambda c: next_field_pages(c, "rows", {"$top": "3"}, field="@odata.nextLink"),
    ),
]


@pytest.mark.parametrize(("pages", "read"), PAGES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
def test_pages_of_every_kind_hold_each_row_once(pages: Pages, read: Read, count: int) -> None:
    sandbox = made(pages, "pages")
    for _ in range(count):
        sandbox.orders.add({})
    seen: list[int] = []
    with Access(clock=sandbox.clock, transport=sandbox.transport()).client("http://plain.example") as client:
        for reply in read(client):
            found = reply.data
            for word in (pages.items or "").split("."):
                found = found[word] if word else found
            assert len(found) <= 3
            seen += [row["id"] for row in found]
    assert seen == list(range(1, count + 1))


def test_sizes_are_capped_or_refused_and_totals_told() -> None:
    capped = NumberedPages(
        items="rows", most=4, default=2, total="meta.count", total_header="X-Total", pages_header="X-Pages"
    )
    sandbox = made(capped, "pages")
    for _ in range(9):
        sandbox.orders.add({})
    with http(sandbox) as client:
        few, many = client.get("/rows"), client.get("/rows", params={"per_page": "50"})
        assert (len(few.json()["rows"]), len(many.json()["rows"])) == (2, 4)
        assert (many.json()["meta"], many.headers["x-total"], many.headers["x-pages"]) == (
            {"count": 9},
            "9",
            "3",
        )
        assert client.get("/rows", params={"page": "0"}).status_code == 400
        assert client.get("/rows", params={"page": "99"}).json()["rows"] == []
    with http(made(OffsetPages(most=4, over="refuse"), "pages")) as client:
        assert client.get("/rows", params={"limit": "4"}).json() == []
        refused = client.get("/rows", params={"limit": "5"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "limit")
    with http(made(CursorPages(items="rows"), "pages")) as client:
        assert client.get("/rows", params={"cursor": "nonsense"}).status_code == 400


def test_small_pages_hold_fewer_rows_than_asked_for_and_lose_none() -> None:
    sandbox = made(quirks={"small_pages": "rows:2"})
    for _ in range(5):
        sandbox.orders.add({})
    with http(sandbox) as client:
        sizes = [
            len(client.get("/rows", params={"page": str(n), "per_page": "4"}).json()["rows"])
            for n in (1, 2, 3)
        ]
    assert sizes == [2, 2, 1]


# -- throttles ------------------------------------------------------------------------------------------------------


def statuses(sandbox: RestSandbox, count: int) -> list[int]:
    with http(sandbox) as client:
        return [client.get("/rows").status_code for _ in range(count)]


def test_a_leaky_bucket_takes_what_has_leaked() -> None:
    clock = VirtualClock()
    sandbox = made(LeakyBucket(4, per_second=0.5, header="X-Calls"), "throttle", clock=clock)
    assert statuses(sandbox, 5) == [200, 200, 200, 200, 429]
    clock.sleep(2)
    with http(sandbox) as client:
        refused = client.post("/rows", json={})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert refused.headers["x-calls"] == "3/4"
        clock.sleep(2)
        assert client.post("/rows", json={}).headers["x-calls"] == "4/4"
    assert sandbox.refused == 2


def test_a_window_begins_anew_and_tells_how_much_is_left() -> None:
    clock = VirtualClock()
    window = FixedWindow(
        2,
        seconds=30,
        limit="X-Max",
        left="X-Left",
        reset="X-Reset",
        reset_as="epoch",
        length="X-Length",
        retry_after="date",
    )
    sandbox = made(window, "throttle", clock=clock)
    with http(sandbox) as client:
        first = client.get("/rows")
        assert (first.headers["x-max"], first.headers["x-left"]) == ("2", "1")
        assert first.headers["x-reset"] == str(int(START.timestamp()) + 30)
        assert first.headers["x-length"] == "30"
        clock.sleep(10)
        client.get("/rows")
        refused = client.get("/rows")
        assert parsedate_to_datetime(refused.headers["retry-after"]) == START + timedelta(seconds=30)
        clock.sleep(19.9)
        assert client.get("/rows").status_code == 429
        clock.sleep(0.1)
        assert client.get("/rows").status_code == 200
    assert sandbox.refused == 2


def test_too_many_at_a_time_are_refused() -> None:
    class Slow(Plain):
        throttle = Concurrency(2)
        busy = threading.Event()
        free = threading.Event()

        @route("GET", "/wait")
        def wait(self, call: Call) -> dict[str, Any]:
            self.busy.set()
            assert self.free.wait(10)
            return {}

    sandbox = Slow(clock=VirtualClock())
    got: list[int] = []
    with serve(sandbox) as served:
        waiting = [
            threading.Thread(target=lambda: got.append(httpx.get(f"{served.url}/wait").status_code))
            for _ in range(4)
        ]
        for thread in waiting:
            thread.start()
        assert sandbox.busy.wait(10)
        for _ in range(2000):
            if sandbox.in_flight == 4:
                break
            threading.Event().wait(0.005)
        sandbox.free.set()
        for thread in waiting:
            thread.join()
        assert httpx.get(f"{served.url}/rows").status_code == 200
    assert sorted(got) == [200, 200, 429, 429]
    assert sandbox.refused == 2


# -- webhooks -------------------------------------------------------------------------------------------------------


def hooked(signed: Any, **more: Any) -> Plain:
    sandbox = made(Webhooks(signed, topic_header="X-Topic", id_header="X-Id"), "webhooks", **more)
    sandbox.webhooks.subscribe("order.*", "https://one.example/")
    sandbox.webhooks.subscribe("order.updated", "https://other.example/")
    return sandbox


def test_deliveries_go_to_who_wants_them_and_are_signed_over_the_raw_body() -> None:
    sandbox = hooked(HmacSigned("X-Sign", "s", encoding="base64"))
    sandbox.webhooks.tell("order.created", {"id": 1, "total": Decimal("1.50")})
    sandbox.webhooks.tell("order.updated", {"id": 1})
    sent = sandbox.webhooks.take()
    assert [(one.address, one.topic) for one in sent] == [
        ("https://one.example/", "order.created"),
        ("https://one.example/", "order.updated"),
        ("https://other.example/", "order.updated"),
    ]
    assert sent[0].body == b'{"id":1,"total":1.50}'
    wanted = base64.b64encode(hmac.new(b"s", sent[0].body, hashlib.sha256).digest()).decode()
    assert (sent[0].headers["X-Sign"], sent[0].headers["X-Topic"]) == (wanted, "order.created")
    assert len({one.headers["X-Id"] for one in sent}) == 3
    assert sandbox.webhooks.take() == []


def test_standard_webhooks_are_signed_over_id_time_and_body() -> None:
    key = b"sandbox key of 24 bytes."
    sandbox = hooked(StandardSigned(f"whsec_{base64.b64encode(key).decode()}"))
    sandbox.webhooks.tell("order.created", {"id": 1})
    delivery = sandbox.webhooks.take()[0].delivery(START)
    name, second = delivery.headers["webhook-id"], delivery.headers["webhook-timestamp"]
    assert second == str(int(START.timestamp()))
    made = hmac.new(key, f"{name}.{second}.".encode() + delivery.body, hashlib.sha256).digest()
    assert delivery.headers["webhook-signature"] == f"v1,{base64.b64encode(made).decode()}"


def test_subscriptions_end_and_unknown_topics_are_refused() -> None:
    sandbox = hooked(None)
    sandbox.webhooks.unsubscribe(1)
    with pytest.raises(Fault, match="no such subscription"):
        sandbox.webhooks.unsubscribe(1)
    with pytest.raises(Fault, match="no such topic"):
        sandbox.webhooks.subscribe("customer.created", "https://one.example/")
    sandbox.webhooks.tell("order.created", {})
    assert sandbox.webhooks.take() == []
    with pytest.raises(NotImplementedError):
        sandbox.delivery("1")


def test_deliveries_are_lost_or_repeated_by_quirks() -> None:
    lossy, noisy = hooked(None, quirks={"lost_webhooks": ""}), hooked(None, quirks={"repeated_webhooks": "3"})
    for sandbox in (lossy, noisy):
        for number in range(4):
            sandbox.webhooks.tell("order.created", {"id": number})
    assert [json.loads(one.body)["id"] for one in lossy.webhooks.take()] == [0, 2]
    repeated = noisy.webhooks.take()
    assert (len(repeated), len({one.headers["X-Id"] for one in repeated})) == (12, 4)


# -- idempotency keys -----------------------------------------------------------------------------------------------


def test_a_write_under_its_key_is_done_once_for_a_day() -> None:
    clock = VirtualClock()
    sandbox = made(IdempotencyKeys(), "once", clock=clock)
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        first, again = client.post("/rows", json={"n": 1}), client.post("/rows", json={"n": 1})
        assert (first.json(), first.status_code) == (again.json(), again.status_code)
        other = client.post("/rows", json={"n": 2})
        assert (other.status_code, other.json()["error"]["code"]) == (422, "key_reused")
        assert len(sandbox.orders) == 1
        clock.sleep(24 * 3600)
        assert client.post("/rows", json={"n": 1}).json()["id"] == 2


def test_a_refused_write_may_be_tried_again_under_its_key() -> None:
    sandbox = made(IdempotencyKeys(), "once")
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        assert client.post("/rows", json=[1]).status_code == 400
        assert client.post("/rows", json={}).status_code == 201
    sandbox = made(IdempotencyKeys(), "once")
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        assert [client.post("/odd").status_code for _ in range(3)] == [409, 201, 201]
        assert len(sandbox.orders) == 2


# -- the sandbox itself ---------------------------------------------------------------------------------------------


def test_requests_find_their_endpoint_or_are_told_so() -> None:
    with http(made()) as client:
        assert client.put("/rows", json={}).status_code == 202
        assert client.get("/rows/").status_code == 200
        assert client.delete("/rows/1").status_code == 204
        assert client.delete("/rows/1").status_code == 404
        assert client.delete("/rows/x").json()["error"]["code"] == "not_found"
        assert client.post("/rows", content=b"{").json()["error"]["code"] == "bad_json"
        assert client.post("/rows", json=[]).json()["error"]["code"] == "bad_request"
        pong = client.get("/ping", params={"since": "2026-11-01T12:00:00+02:00"}).json()
        assert pong == {"at": "2026-11-01T12:00:00Z", "since": "2026-11-01T10:00:00Z"}
        assert client.get("/ping", params={"since": "now"}).status_code == 400
        assert client.get("/ping").headers["x-request-id"] == "plain-0-10"


def test_the_kit_needs_nothing_but_the_sandbox_extra() -> None:
    code = "import sys, ordersync.testing.kit; print({'openapi_core', 'pytest', 'hypothesis'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_an_endpoint_that_is_overridden_answers_as_it_is_now() -> None:
    class Other(Plain):
        def ping(self, call: Call) -> dict[str, Any]:
            return {"pong": True}

    class Moved(Plain):
        @route("GET", "/pong")
        def ping(self, call: Call) -> dict[str, Any]:
            return {"pong": True}

    with http(Other(clock=VirtualClock())) as client:
        assert client.get("/ping").json() == {"pong": True}
    with http(Moved(clock=VirtualClock())) as client:
        assert client.get("/pong").json() == {"pong": True}
        assert client.get("/ping").status_code == 404


def test_a_platform_with_a_single_door_has_the_parts_without_endpoints() -> None:
    class Rpc(AssembledSandbox):
        platform: ClassVar[str] = "rpc"
        orders = Table(by=("key",))

        def answer(self, request: Request) -> Response:
            asked = json.loads(request.get_data())
            return Response(json.dumps({"result": len(self.orders.find(key=asked["key"]))}))

        def born_order(self, seed: seeds.SeedOrder, bill: Bill) -> dict[str, Any]:
            return {"key": seed.kind}

    with httpx.Client(transport=Rpc(clock=VirtualClock(), orders=21).transport()) as client:
        assert client.post("http://rpc.example/", json={"key": "us_plain"}).json() == {"result": 2}


def test_parts_belong_to_one_sandbox_each() -> None:
    one, other = made(Table(by=("n",)), "orders"), Plain(clock=VirtualClock())
    one.orders.add({"n": 1})
    assert (len(one.orders), len(other.orders), len(Plain.orders), len(type(one).orders)) == (1, 0, 0, 0)


def test_a_part_cannot_take_the_name_of_a_question() -> None:
    with pytest.raises(TypeError, match=r"Made\.customers is a question"):
        made(Table(), "customers")


def test_a_method_of_ones_own_cannot_hide_one_of_the_kits() -> None:
    """The kit would call it, with arguments that it does not take."""
    with pytest.raises(TypeError, match=r"Shop\.check_request hides the kit's check_request\(self, request"):

        class Shop(Plain):
            def check_request(self, sku: str) -> None:  # type: ignore[override]
                """A question of the author's own."""

    with pytest.raises(TypeError, match=r"Till\.made hides the kit's made"):

        class Till(Plain):
            @route("POST", "/made")
            def made(self, body: Any, status: int = 200, headers: Any = ()) -> Any:
                """An endpoint whose parameters happen to fit."""

    class Same(Plain):
        def check_request(self, asked: Request, way: Any) -> None:
            raise Fault(403, "closed", "Closed today.")

        def check(self, sku: str) -> bool:
            return sku == "MUG-01"

        @route("GET", "/check")
        def checked(self, call: Call) -> Any:
            return self.check(call.args["sku"])

    with http(Same(clock=VirtualClock())) as client:
        assert client.get("/check?sku=MUG-01").status_code == 403


def test_a_state_file_keeps_every_part(tmp_path: Path) -> None:
    class Full(Plain):
        gate = ClientCredentials({"id": "secret"}, refresh="rotating")
        bucket = LeakyBucket(10, per_second=0.1, header="X-Calls")
        window = FixedWindow(10, seconds=60, left="X-Left")
        once = IdempotencyKeys()
        orders = Table(lag=5, unique=("n",), ids=uuids())
        webhooks = Webhooks(HmacSigned("X-Sign", "s"))

    clock = VirtualClock()
    first = Full(clock=clock)
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    with http(first, auth=("id", "secret")) as client:
        token = client.post("/oauth/token", data=form).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    first.webhooks.subscribe("order.created", "https://one.example/")
    first.webhooks.tell("order.created", {"id": 1})
    with http(first, headers=bearer) as client:
        row = client.post("/rows", json={"n": "1"}).json()
    first.random.random()
    save_state(tmp_path / "state", "plain", 0, first.state())
    _, state = load_state(tmp_path / "state", "plain")
    again = Full(clock=clock)
    again.restore(state)
    assert again.state() == first.state()
    assert again.random.random() == first.random.random()
    with http(again, headers=bearer) as client:
        assert client.post("/rows", json={"n": "1"}).json() == row
        assert client.get("/rows").headers["x-left"] == "4"
        assert client.get("/rows").headers["x-calls"] == "7/10"
        assert client.get("/rows").json()["rows"] == []
        clock.sleep(5)
        assert client.get("/rows").json()["rows"] == [{"id": row["id"]}]
    with pytest.raises(Fault):
        again.orders.add({"n": "1"})
    assert [one.body for one in again.webhooks.take()] == [b'{"id":1}']


# -- money ----------------------------------------------------------------------------------------------------------


def test_lines_add_up_with_taxes_on_top_and_inside() -> None:
    stacked = [("State tax", Decimal("0.0725")), ("District tax", Decimal("0.0125"))]
    top = priced(3, Decimal("3.33"), currency="USD", discount=Decimal("1.00"), taxes=stacked)
    assert (top.list_amount, top.net, top.taxes[0][2], top.taxes[1][2]) == (
        Decimal("9.99"), Decimal("8.99"), Decimal("0.65"), Decimal("0.11"),
    )  # fmt: skip
    inside = priced(2, Decimal("10.00"), currency="EUR", taxes=[("MwSt", Decimal("0.19"))], included=True)
    assert (inside.net, inside.tax, inside.gross) == (Decimal("16.81"), Decimal("3.19"), Decimal("20.00"))
    assert priced(1, Decimal("99.5"), currency="JPY").gross == Decimal(100)


def test_every_seeded_order_adds_up_to_its_parts() -> None:
    for order in seeds.sample_orders(3, 60):
        made = bill(order)
        unit = {"JPY": Decimal(1), "KWD": Decimal("0.001")}.get(order.currency, Decimal("0.01"))
        assert made.total == made.net + made.tax == made.total.quantize(unit)
        listed = sum((one.list_amount for _, one in made.lines), Decimal(0))
        paid = listed + (order.shipping.price if order.shipping else 0) - made.discount
        assert paid == (made.total if order.taxes_included else made.net)
        assert all(one.discount <= one.list_amount for _, one in made.lines)
        off = sum((line.discount for line in order.lines), order.order_discount)
        assert (made.discount, made.total == 0) == (off, order.kind == "us_free")
