"""The parts together in one sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from ordersync.cli.states import load_state, save_state
from ordersync.testing import seeds
from ordersync.testing.kit import (
    AssembledSandbox,
    Bill,
    Call,
    ClientCredentials,
    Fault,
    FixedWindow,
    HmacSigned,
    IdempotencyKeys,
    LeakyBucket,
    Table,
    Webhooks,
    route,
    uuids,
)
from ordersync.web import (
    VirtualClock,
)

sys.path.insert(0, str(Path(__file__).parent))
from kit_sample import Plain, http, made


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
