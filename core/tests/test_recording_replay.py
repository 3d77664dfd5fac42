"""Replaying: the right answer to the right request, and a message that helps where there is none."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync.connection import Connection
from ordersync.errors import InDoubt
from ordersync.hookspecs import hookimpl
from ordersync.model import Account, Order
from ordersync.testing.recording import NotRecorded, Recorder, Recording, Replay
from ordersync.testing.recording.__main__ import main
from ordersync.testing.sandbox import Sandbox
from ordersync.web import Access

ORIGIN = "https://acme.canary.de"


def answer(request: httpx.Request) -> httpx.Response:
    body = request.content.decode()
    if request.url.path == "/lost":
        raise httpx.ReadTimeout("", request=request)
    if request.url.path == "/orders":
        page = int(request.url.params.get("page", "1"))
        link = {"link": f'<{ORIGIN}/orders?page={page + 1}>; rel="next"'} if page < 2 else {}
        return httpx.Response(
            200, json={"page": page, "next": f"{ORIGIN}/orders?page={page + 1}"}, headers=link
        )
    return httpx.Response(201, content=b'{"echo": %d, "total": 10.10}' % len(body))


def recording(*requests: tuple[str, str, Any]) -> Recording:
    recorder = Recorder("acme")
    transport = recorder.transport(httpx.MockTransport(answer))
    with httpx.Client(transport=transport) as client:
        for method, path, body in requests:
            try:
                client.request(method, f"{ORIGIN}{path}", json=body)
            except httpx.ReadTimeout:
                assert path == "/lost"
    return Recording.parse(recorder.recording().text())


def replayed(found: Recording, **options: Any) -> tuple[Replay, Any]:
    replay = Replay(found, **options)
    return replay, Access(transport=replay).client("https://elsewhere.example")


def test_the_same_answers_in_whatever_order_and_exactly() -> None:
    replay, client = replayed(
        recording(("GET", "/orders", None), ("GET", "/orders?page=2", None), ("POST", "/new", {"id": 1}))
    )
    with client:
        assert client.post("new", json={"id": 1}).data["total"] == Decimal("10.10")
        assert replay.unused() == ["GET /orders", "GET /orders"]
        assert client.get("orders", params={"page": "2"}).data["page"] == 2
        with pytest.raises(NotRecorded, match="1 recorded requests were never asked: GET /orders"):
            replay.check()
        assert client.get("orders").data["page"] == 1
    assert replay.unused() == []
    replay.check()


def test_links_lead_back_to_whoever_asked() -> None:
    _, client = replayed(recording(("GET", "/orders", None), ("GET", "/orders?page=2", None)))
    with client:
        first = client.get("orders")
        assert first.headers["link"].startswith("<https://elsewhere.example/orders?page=2>")
        assert client.get(first.data["next"]).data["page"] == 2


def test_the_order_of_names_does_not_matter_but_types_do() -> None:
    found = recording(("POST", "/new?a=1&b=2", {"id": 1, "lines": [{"sku": "A-1"}]}))
    _, client = replayed(found)
    with client:
        client.post("new", params={"b": "2", "a": "1"}, json={"lines": [{"sku": "A-1"}], "id": 1})
    for other in ({"id": "1"}, {"id": True}, {"id": 2}, {"id": 1, "more": None}):
        _, client = replayed(found)
        with client, pytest.raises(NotRecorded):
            client.post("new", params={"b": "2", "a": "1"}, json={"lines": [{"sku": "A-1"}], **other})


def test_the_message_shows_the_nearest_request_and_the_difference() -> None:
    found = recording(
        ("GET", "/orders", None),
        ("POST", "/new", {"id": 1, "sku": "A-1", "email": "canary@x.de", "lines": [1, 2]}),
    )
    replay, client = replayed(found)
    with client, pytest.raises(NotRecorded) as error:
        client.post("new", json={"id": 2, "sku": "A-1", "email": "real.person@y.de", "lines": [1]})
    said = str(error.value)
    assert "POST /new is not in the recording of acme. The nearest is POST /new:" in said
    assert "body:/id: recorded 1, asked 2" in said
    assert "body:/lines/1: recorded 2, not asked" in said
    assert "real.person" not in said
    assert "example.com" not in said
    assert "volatile" in said
    assert len(replay.missed) == 1
    with pytest.raises(NotRecorded, match="POST /new is not in the recording"):
        replay.check()


def test_another_method_or_path() -> None:
    _, client = replayed(recording(("GET", "/orders", None)))
    with client, pytest.raises(NotRecorded, match="path: recorded /orders, asked /order"):
        client.get("order")


def test_where_a_stand_in_is_recorded_another_value_may_be_asked() -> None:
    found = recording(
        ("POST", "/new", {"email": "one@x.de", "id": 1}),
        ("POST", "/new", {"email": "two@x.de", "id": 1, "t": 1}),
    )
    (first, _) = found.exchanges
    _, client = replayed(found)
    with client:
        assert client.post("new", json={"email": "somebody@real.de", "id": 1}).data["echo"] == 27
    exact = Replay(found, exact=True)
    with Access(transport=exact).client("https://a.example") as client:
        client.post("new", json=first.asked.body["json"])
        with pytest.raises(NotRecorded, match="scrubbed in the recording"):
            client.post("new", json={"email": "somebody@real.de", "id": 1, "t": 1})


def test_the_same_stand_in_is_preferred_to_the_first_one() -> None:
    found = recording(("POST", "/new", {"email": "one@x.de"}), ("POST", "/new", {"email": "second@x.de"}))
    second = found.exchanges[1].asked.body["json"]
    replay, client = replayed(found)
    with client:
        client.post("new", json=second)
    assert len(replay.unused()) == 1
    assert replay._used == [False, True]


def test_strict_order() -> None:
    replay, client = replayed(
        recording(("GET", "/orders", None), ("POST", "/new", {"id": 1})), order="strict"
    )
    with client, pytest.raises(NotRecorded, match="but it is not the next one"):
        client.post("new", json={"id": 1})
    assert len(replay.unused()) == 2


def test_volatile_names_are_not_compared() -> None:
    found = recording(("POST", "/new?stamp=17", {"requestId": "a1", "id": 1}))
    for volatile, fits in (({"stamp", "request_id"}, True), ({"stamp"}, False)):
        _, client = replayed(found, volatile=volatile)
        with client:
            if fits:
                client.post("new", params={"stamp": "18"}, json={"requestId": "b2", "id": 1})
            else:
                with pytest.raises(NotRecorded, match="body:/requestId"):
                    client.post("new", params={"stamp": "18"}, json={"requestId": "b2", "id": 1})


def test_an_answer_is_given_once_unless_reads_may_be_repeated() -> None:
    found = recording(("GET", "/orders", None), ("POST", "/new", {"id": 1}))
    _, client = replayed(found)
    with client:
        client.get("orders")
        with pytest.raises(NotRecorded, match="whose answer was given already"):
            client.get("orders")
    _, client = replayed(found, again=True)
    with client:
        assert client.get("orders").data == client.get("orders").data
        client.post("new", json={"id": 1})
        with pytest.raises(NotRecorded):
            client.post("new", json={"id": 1})


def test_an_answer_that_was_lost_is_lost_again() -> None:
    _, client = replayed(recording(("POST", "/lost", {"id": 1})))
    with client, pytest.raises(InDoubt):
        client.post("lost", json={"id": 1})


def test_an_empty_recording() -> None:
    _, client = replayed(recording())
    with client, pytest.raises(NotRecorded, match="which is empty"):
        client.get("orders")


class Acme:
    """A connector over a small platform of WSGI."""

    def __init__(self, access: Access) -> None:
        self._client = access.client(ORIGIN, headers={"authorization": "Bearer canary-token"})

    def close(self) -> None:
        self._client.close()

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=str(self._client.get("account").data["id"]))

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        data = self._client.get(f"orders/{order_id}").data
        return Order.model_validate({**data, "taxes_included": True, "lines": ()})


class AcmeSandbox(Sandbox):
    platform = "acme"

    def answer(self, request: Any) -> Any:
        from werkzeug.wrappers import Response

        bodies: dict[str, str] = {
            "/account": '{"id": 77, "owner": "Quix Kanary"}',
            "/orders/5": '{"id": "5", "number": "R-5", "currency": "EUR", "total": "12.340",'
            ' "email": "canary@vogel.de", "placed_at": "2026-11-01T12:00:00Z", "updated_at": "2026-11-01T12:00:00Z"}',
        }
        return Response(bodies[request.path], content_type="application/json")


def test_a_connector_gives_the_same_answers() -> None:
    def answers(transport: httpx.BaseTransport) -> tuple[Account, Order | None]:
        connection = Connection("acme", "acme", Acme(Access(transport=transport)))
        try:
            return connection.check_access(), connection.get_order("5")
        finally:
            connection.close()

    recorder = Recorder("acme")
    live = answers(recorder.transport(AcmeSandbox().transport()))
    found = recorder.recording()
    assert b"canary" not in found.text().lower()
    assert b"Quix" not in found.text()
    again = answers(Replay(found, order="strict"))
    assert again[0] == live[0]
    assert live[1]
    assert again[1]
    assert again[1].model_copy(update={"email": live[1].email}) == live[1]
    assert str(again[1].total) == str(live[1].total)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "ordersync.toml"
    settings.write_text('[connections.shop]\nconnector = "reference"\nstore = "recording"\n', "utf-8")
    file = tmp_path / "shop.json"
    assert main(["record", str(settings), "shop", "--to", str(file)]) == 0
    assert "0 requests to reference" in capsys.readouterr().out
    found = recording(("POST", "/new", {"email": "one@x.de"}))
    found.save(file)
    assert main(["report", str(file)]) == 0
    assert "e-mail           request body:/email" in capsys.readouterr().out
    file.write_text("{}", "utf-8")
    assert main(["report", str(file)]) == 2
    assert "is missing: api_version" in capsys.readouterr().err
