"""Who is let in, and how many at a time: the kit's gates and throttles."""

from __future__ import annotations

import base64
import sys
import threading
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync.testing import serve
from ordersync.testing.kit import (
    BasicKeys,
    Call,
    ClientCredentials,
    Concurrency,
    FixedWindow,
    Gate,
    HeaderToken,
    LeakyBucket,
    RestSandbox,
    route,
)
from ordersync.web import (
    VirtualClock,
)

sys.path.insert(0, str(Path(__file__).parent))
from kit_sample import START, Plain, http, made


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
