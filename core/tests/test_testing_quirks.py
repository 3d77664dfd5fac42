"""Quirk switches: named, counted, the same every time; in process and over a real socket."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import httpx
import pytest
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ordersync.cli import main
from ordersync.testing import Sandbox, serve
from ordersync.testing.quirks import (
    CARRIERS,
    Carrier,
    Latency,
    LostResponse,
    Quirk,
    Seen,
    Setting,
    TooManyRequests,
)
from ordersync.testing.trial import reference_orders
from ordersync.web import Clock, VirtualClock

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WRITE, READ = Seen(("POST /orders", "/orders", "order.create"), True), Seen(("GET /orders", "/orders"), False)


class OddNumbers(Quirk):
    """Orders get odd numbers only.

    Who counts on the next number waits for ever.
    """

    name = "odd_numbers"
    settings: ClassVar[Mapping[str, Setting]] = {"step": Setting("2", "from one to the next", least=1)}
    told = ("https://example.com/odd",)


KINDS: tuple[type[Quirk], ...] = (*CARRIERS, OddNumbers)


class Toy(Sandbox):
    """Keeps what is posted to `/orders`, with the time."""

    platform = "toy"
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = (OddNumbers,)

    def populate(self, orders: int) -> None:
        self.held: list[tuple[str, datetime]] = []

    def answer(self, request: Request) -> Response:
        if request.path != "/orders":
            raise NotFound
        if request.method == "POST":
            self.held.append((request.get_data(as_text=True), self.clock.now()))
        return Response(json.dumps([text for text, _ in self.held]), content_type="application/json")

    def operations_of(self, request: Request) -> tuple[str, ...]:
        return ("order.create",) if request.method == "POST" else ("order.list",)

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url}


def toy(clock: Clock | None = None, **quirks: str) -> Toy:
    return Toy(clock=clock or VirtualClock(NOON), quirks=quirks)


Opened = Callable[[Toy], httpx.Client]


@pytest.fixture
def in_process() -> Iterator[Opened]:
    clients = []

    def opened(sandbox: Toy) -> httpx.Client:
        clients.append(httpx.Client(transport=sandbox.transport(), base_url="http://toy.sandbox"))
        return clients[-1]

    yield opened
    for client in clients:
        client.close()


# -- switches ---------------------------------------------------------------------------------------------------------


def test_an_unknown_quirk_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"toy has no quirk 'lost'; known: .*latency, lost_response, odd_numbers"
    ):
        toy(lost="")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("firsts:3", "has no setting 'firsts'; known: first, every, at, percent, on, wait"),
        ("first:three", "first is a whole number, not 'three'"),
        ("first:0", "first is at least 1"),
        ("wait:nan", "wait is at least 0"),
        ("wait:soon", "wait is a number"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(value: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        toy(lost_response=value)


def test_a_word_that_is_none_of_the_words() -> None:
    with pytest.raises(ValueError, match=r"status is one of 500, 502, 503, 504, not '404'"):
        toy(error_after_commit="status:404")


def test_a_bare_value_is_the_first_settings() -> None:
    assert toy(clock_ahead="3.5").quirks["clock_ahead"].seconds("minutes") == 3.5
    assert toy(odd_numbers="4").quirks["odd_numbers"].whole("step") == 4
    assert toy().quirks == {}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_quirk_tells_its_symptom_and_where_it_is_told(kind: type[Quirk]) -> None:
    assert kind.symptom().endswith(".")
    assert len(kind.symptom()) > 20
    assert kind.story()
    assert kind.told
    assert all(address.startswith("https://") for address in kind.told)
    assert all(setting.means for setting in kind.settings.values())


@pytest.mark.parametrize(
    ("value", "struck"),
    [
        ("", [1]),
        ("first:3", [1, 2, 3]),
        ("every:3", [3, 6, 9]),
        ("at:4", [4]),
        ("on:reads", []),
        ("on:all,first:2", [1, 2]),
        ("on:POST /ord*", [1]),
        ("on:order.list|order.create,at:2", [2]),
        ("on:order.list", []),
    ],
)
def test_requests_are_counted(value: str, struck: list[int]) -> None:
    quirk = LostResponse(value)
    assert [turn for turn in range(1, 11) if quirk.strikes(WRITE, NOON)] == struck
    assert quirk.struck == len(struck)


def test_requests_that_do_not_match_do_not_count() -> None:
    quirk = LostResponse("at:2")
    assert [quirk.strikes(seen, NOON) for seen in (WRITE, READ, READ, WRITE, WRITE)] == [
        False, False, False, True, False,
    ]  # fmt: skip
    assert quirk.matched == 3


def test_chance_is_the_seeds() -> None:
    def struck(seed: int) -> list[bool]:
        quirk = LostResponse("percent:30", seed=seed)
        return [quirk.strikes(WRITE, NOON) for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_latency_is_of_every_request_unless_counted_otherwise() -> None:
    assert [Latency().strikes(READ, NOON) for _ in range(3)] == [True] * 3
    some = Latency("seconds:1,first:2")
    assert [some.strikes(READ, NOON) for _ in range(3)] == [True, True, False]


# -- in process -------------------------------------------------------------------------------------------------------


def test_without_quirks_nothing_is_different(in_process: Opened) -> None:
    sandbox, clock = toy(), VirtualClock(NOON)
    assert toy(clock).clock is clock
    answer = in_process(sandbox).post("/orders", content="a")
    assert (answer.json(), sandbox.requests) == (["a"], 1)
    assert "date" not in answer.headers
    assert in_process(sandbox).get("/nothing").status_code == 404


def test_a_lost_response(in_process: Opened) -> None:
    sandbox = toy(lost_response="wait:12")
    with pytest.raises(httpx.ReadTimeout):
        in_process(sandbox).post("/orders", content="a")
    assert [text for text, _ in sandbox.held] == ["a"]
    assert sandbox.clock.now() == NOON + timedelta(seconds=12)
    assert in_process(sandbox).get("/orders").json() == ["a"]


def test_what_comes_late_is_done_in_its_order_and_dated_when_it_was_due(in_process: Opened) -> None:
    sandbox = toy(late_commit="first:2,after:60,wait:0")
    client = in_process(sandbox)
    for text, pause in (("a", 10), ("b", 45)):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/orders", content=text)
        sandbox.clock.sleep(pause)
    assert client.get("/orders").json() == []
    sandbox.clock.sleep(5)
    assert client.get("/orders").json() == ["a"]
    client.post("/orders", content="c")
    sandbox.clock.sleep(500)
    sandbox.catch_up()
    assert sandbox.held == [
        ("a", NOON + timedelta(seconds=60)),
        ("c", NOON + timedelta(seconds=60)),
        ("b", NOON + timedelta(seconds=70)),
    ]
    assert sandbox.clock.now() == NOON + timedelta(seconds=560)


def test_an_error_after_the_commit(in_process: Opened) -> None:
    sandbox = toy(error_after_commit="status:503")
    assert in_process(sandbox).post("/orders", content="a").status_code == 503
    assert len(sandbox.held) == 1


def test_half_of_the_body(in_process: Opened) -> None:
    whole = in_process(toy()).post("/orders", content="abcdefgh").content
    sandbox = toy(truncated_body="")
    assert in_process(sandbox).post("/orders", content="abcdefgh").content == whole[: len(whole) // 2]
    with pytest.raises(httpx.RemoteProtocolError):
        in_process(toy(truncated_body="end:short")).post("/orders", content="a")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset(in_process: Opened, when: str) -> None:
    sandbox = toy(connection_reset=f"when:{when}")
    with pytest.raises(httpx.ReadError):
        in_process(sandbox).post("/orders", content="a")
    assert len(sandbox.held) == (when == "after")


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_storm_lasts_as_long_as_it_said(in_process: Opened, form: str) -> None:
    sandbox = toy(
        VirtualClock(NOON + timedelta(seconds=0.3)), too_many_requests=f"first:2,wait:10,form:{form}"
    )
    client, quirk = in_process(sandbox), sandbox.quirk(TooManyRequests)
    assert quirk
    for turn in (1, 2):
        answer = client.post("/orders", content="a")
        assert (answer.status_code, sandbox.held) == (429, [])
        told = answer.headers["retry-after"]
        wait = (
            float(told)
            if form == "seconds"
            else (parsedate_to_datetime(told) - sandbox.clock.now()).total_seconds()
        )
        assert 9 <= wait <= 10
        sandbox.clock.sleep(wait - 1)
        assert client.post("/orders", content="a").status_code == 429
        assert (quirk.struck, quirk.early) == (turn, turn)
        sandbox.clock.sleep(1)
    assert client.post("/orders", content="a").status_code == 200


def test_the_clock_is_ahead_for_all_to_see(in_process: Opened) -> None:
    sandbox = toy(clock_ahead="7")
    answer = in_process(sandbox).post("/orders", content="a")
    assert sandbox.held[0][1] == NOON + timedelta(minutes=7)
    assert parsedate_to_datetime(answer.headers["date"]) == NOON + timedelta(minutes=7)


def test_several_strike_at_once_the_first_named_outermost(in_process: Opened) -> None:
    sandbox = toy(latency="3", error_after_commit="first:2", lost_response="at:2,wait:0")
    client = in_process(sandbox)
    assert client.post("/orders", content="a").status_code == 502
    with pytest.raises(httpx.ReadTimeout):
        client.post("/orders", content="b")
    assert [text for text, _ in sandbox.held] == ["a", "b"]
    assert sandbox.clock.now() == NOON + timedelta(seconds=6)


def test_counting_holds_under_threads(in_process: Opened) -> None:
    sandbox = toy(error_after_commit="first:10")
    codes: list[int] = []

    def send() -> None:
        with httpx.Client(transport=sandbox.transport(), base_url="http://toy.sandbox") as client:
            codes.extend(client.post("/orders", content="x").status_code for _ in range(10))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (codes.count(502), codes.count(200), len(sandbox.held)) == (10, 30, 40)


# -- over a socket ----------------------------------------------------------------------------------------------------


def over_socket(sandbox: Toy, ask: Callable[[httpx.Client], Any]) -> Any:
    with serve(sandbox) as server, httpx.Client(base_url=server.url, timeout=10) as client:
        return ask(client)


def test_served_a_lost_response_is_a_closed_connection() -> None:
    sandbox = toy(lost_response="wait:0")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        over_socket(sandbox, lambda client: client.post("/orders", content="a"))
    assert len(sandbox.held) == 1


def test_served_a_lost_response_can_be_waited_for_in_vain() -> None:
    sandbox = Toy(quirks={"lost_response": "wait:1"})

    def ask(client: httpx.Client) -> None:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/orders", content="a", timeout=0.2)
        assert client.get("/orders").json() == ["a"]

    over_socket(sandbox, ask)


def test_served_a_reset_is_a_reset() -> None:
    sandbox = toy(connection_reset="")

    def ask(client: httpx.Client) -> None:
        with pytest.raises(httpx.ReadError) as caught:
            client.post("/orders", content="a")
        reason: BaseException | None = caught.value
        while reason is not None and not isinstance(reason, OSError):
            reason = reason.__cause__ or reason.__context__
        assert isinstance(reason, OSError)
        assert reason.errno == errno.ECONNRESET
        assert client.get("/orders").json() == ["a"], "the next request is answered"

    over_socket(sandbox, ask)


def test_served_a_body_can_be_shorter_than_it_said() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        over_socket(toy(truncated_body="end:short"), lambda client: client.post("/orders", content="abcdef"))
    silent = over_socket(toy(truncated_body=""), lambda client: client.post("/orders", content="abcdef"))
    assert silent.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        silent.json()


def test_served_the_rest_is_as_in_process() -> None:
    def ask(client: httpx.Client) -> list[int]:
        return [client.post("/orders", content="a").status_code for _ in range(3)]

    assert over_socket(toy(error_after_commit="first:2"), ask) == [502, 502, 200]
    late = toy(late_commit="wait:0,after:60")
    with pytest.raises(httpx.RemoteProtocolError):
        over_socket(late, ask)
    late.clock.sleep(60)
    assert over_socket(late, lambda client: client.get("/orders").json()) == ["a"]
    dated = over_socket(toy(clock_ahead="7"), lambda client: client.get("/orders"))
    assert dated.headers.get_list("date") == ["Sun, 01 Nov 2026 12:07:00 GMT"]


# -- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def toys(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> list[Toy]:
    made: list[Toy] = []

    class Counted(Toy):
        def populate(self, orders: int) -> None:
            super().populate(orders)
            made.append(self)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ordersync.discovery.sandbox_class", lambda name: Counted)
    monkeypatch.setattr("ordersync.cli.sandboxes.wait_for", lambda stop: None)
    return made


def test_quirks_are_switched_on_from_the_command_line(toys: list[Toy]) -> None:
    assert (
        main(["sandbox", "toy", "--quirk", "lost_response=first:2,on:reads", "--quirk", "clock_ahead"]) == 0
    )
    (sandbox,) = toys
    assert list(sandbox.quirks) == ["lost_response", "clock_ahead"]
    lost = sandbox.quirks["lost_response"]
    assert isinstance(lost, Carrier)
    assert (lost.whole("first"), lost.text("on")) == (2, "reads")


def test_a_wrong_quirk_names_the_known_ones(toys: list[Toy], capsys: pytest.CaptureFixture[str]) -> None:
    for given, said in (
        (["lost"], "toy has no quirk 'lost'; known: clock_ahead"),
        (["latency=x"], "seconds is a number, not 'x'"),
        (["latency", "latency=2"], "is named twice"),
        (["=2"], "names no quirk"),
    ):
        words = [word for quirk in given for word in ("--quirk", quirk)]
        assert main(["sandbox", "toy", *words]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert "Traceback" not in told
    assert toys == []


def test_the_quirks_of_a_platform_are_listed(toys: list[Toy], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "toy", "--list-quirks"]) == 0
    out = capsys.readouterr().out
    for kind in KINDS:
        assert f"{kind.name}\n  {kind.symptom()}\n" in out
    assert "step: from one to the next (default 2)" in out
    assert main(["sandbox", "toy", "--list-quirks", "--json"]) == 0
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(told) == {kind.name for kind in KINDS}
    assert told["odd_numbers"]["leads_to"] == "Who counts on the next number waits for ever."
    assert told["odd_numbers"]["settings"] == {"step": {"default": "2", "means": "from one to the next"}}
    assert toys == [], "nothing is made, nothing is served"


# -- trials -----------------------------------------------------------------------------------------------------------


def test_the_references_orders_add_up() -> None:
    orders = list(reference_orders(7))
    assert [len(order.lines) for order in orders] == [1, 2, 3, 1, 2, 3, 1]
    assert all(order.findings == () for order in orders)
    assert len({order.email for order in orders}) > 4
