"""A whole transfer between two sandboxes, recorded and replayed: it goes the same way, and no canary is in the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ordersync.connection import Connection
from ordersync.discovery import connector_class, installed, sandbox_class
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, Store
from ordersync.model import Order, OrderQuery, Policies, Route, RunReport
from ordersync.testing.recording import Recorder, Recording, Replay, Scrubber
from ordersync.testing.recording.leaks import traces_of
from ordersync.testing.sandbox import Sandbox
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules as House
from ordersync.web import Access, Clock, VirtualClock

pytestmark = pytest.mark.skipif(
    not {"woocommerce", "shopify"} <= {plugin.name for plugin in installed(load=False)},
    reason="needs the connectors woocommerce and shopify",
)
SOURCE, TARGET = "woocommerce", "shopify"
HOST = "https://laden.kanarienvogel.de"
CANARIES = {
    "buyer": "Quixotéa",
    "birch": "O'Kanaryen",
    "harbor": "Vögelweide",
    "oakland": "Piepsdorf",
    "94607": "79312-K",
    "+15105550101": "+493087654321",
    "buyer.birch@example.com": "o'kanary.quix@postfach.vogelhaus.de",
    "buyer.birch": "quixkanary",
}
"""What the sandbox was born with → the canary in its place, case folded."""


def with_canaries(value: Any) -> Any:
    match value:
        case dict():
            return {name: with_canaries(part) for name, part in value.items()}
        case list() | tuple():
            return type(value)(map(with_canaries, value))
        case str():
            whole = CANARIES.get(value.casefold())
            return whole or " ".join(CANARIES.get(word.casefold(), word) for word in value.split(" "))
        case _:
            return value


def source_with_canaries(clock: Clock) -> Sandbox:
    source = sandbox_class(SOURCE)(clock=clock, orders=4)
    state = with_canaries(source.state())
    for order in state["store"]["orders"].values():
        order["customer_note"] = "Bitte bei Quixotéa klingeln, Kode 478812, <b>Tür O'Kanaryen</b>"
    source.restore(state)
    return source


def transferred(
    settings: tuple[Any, Any], ways: tuple[Any, Any], clock: VirtualClock
) -> tuple[RunReport, dict[str, Any], list[Order]]:
    """The report of one run, the rows of the ledger, and the orders as the source's connector tells them."""
    ends = [
        Connection(
            name, name, connector_class(name)(one, Access(connection=name, clock=clock, transport=way))
        )
        for name, one, way in zip((SOURCE, TARGET), settings, ways, strict=True)
    ]
    route = Route(
        name="orders",
        source=SOURCE,
        target=TARGET,
        policies=Policies.model_validate({"money": "presentment", "unknown_sku": "custom_line"}),
    )
    ledger = Ledger(clock=clock, store=Store("sqlite://", clock))
    try:
        house = Extensions([("policies", House(route))])
        transfer = Transfer(route, ends[0], ends[1], ledger, house, clock=clock, workers=1)
        report = transfer.sync()
        rows = {
            row.source_id: (row.key, row.state, row.target, row.attempts) for row in ledger.rows("orders")
        }
        orders = [order for page in ends[0].list_orders(OrderQuery()) for order in page.orders]
        return report, rows, orders
    finally:
        ledger.close()
        for end in ends:
            end.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("recordings")
    clock = VirtualClock()
    sandboxes = (source_with_canaries(clock), sandbox_class(TARGET)(clock=clock))
    kinds = [connector_class(SOURCE), connector_class(TARGET)]
    sections = [
        box.settings(url) for box, url in zip(sandboxes, (HOST, "http://shopify.sandbox"), strict=True)
    ]
    for section in sections:
        section.pop("connector", None)
    settings = [kind.settings_model.model_validate(one) for kind, one in zip(kinds, sections, strict=True)]
    scrubber = Scrubber()
    recorders = [
        Recorder(name, settings=one, facts=kind.facts, scrubber=scrubber, clock=clock)
        for name, one, kind in zip((SOURCE, TARGET), settings, kinds, strict=True)
    ]
    ways = [one.transport(box.transport()) for one, box in zip(recorders, sandboxes, strict=True)]
    live = transferred((settings[0], settings[1]), (ways[0], ways[1]), clock)
    for recorder in recorders:
        recorder.recording().save(folder / f"{recorder.platform}.json")
    return {"folder": folder, "live": live, "sections": sections, "scrubber": scrubber, "settings": settings}


def canaries(sections: list[dict[str, Any]]) -> list[str]:
    secrets = [
        section[name]
        for section in sections
        for name in ("consumer_key", "consumer_secret", "access_token")
        if name in section
    ]
    return [*CANARIES.values(), *secrets, "laden.kanarienvogel.de", "478812"]


def test_no_canary_is_in_the_files(files: dict[str, Any]) -> None:
    for name in (SOURCE, TARGET):
        text = (files["folder"] / f"{name}.json").read_bytes()
        assert len(text) > 10_000
        for canary in canaries(files["sections"]):
            for trace in (*traces_of(canary), *traces_of(canary.upper()), *traces_of(canary.lower())):
                assert trace not in text, (name, canary, trace)
                assert trace not in text.lower(), (name, canary, trace)


def test_the_canaries_were_on_the_wire(files: dict[str, Any]) -> None:
    """Else the test above proves nothing."""
    known = files["scrubber"].known
    learnt = {*known.learnt, *known.sensitive}
    for canary in (
        "quixotéa",
        "kanaryen",
        "vögelweide",
        "piepsdorf",
        "cs_sandbox_read_write",
        "sandbox-access-token",
    ):
        assert canary in learnt
    assert any(order.note and "478812" in order.note for order in files["live"][2])


def test_the_replay_goes_the_same_way(files: dict[str, Any]) -> None:
    replays = [Replay.of(files["folder"] / f"{name}.json") for name in (SOURCE, TARGET)]
    settings = [
        connector_class(name).settings_model.model_validate(replay.recording.settings)
        for name, replay in zip((SOURCE, TARGET), replays, strict=True)
    ]
    report, rows, orders = transferred(
        (settings[0], settings[1]), (replays[0], replays[1]), replays[0].clock()
    )
    live_report, live_rows, live_orders = files["live"]
    assert live_report.created == 4
    assert (report.created, report.parked, report.failed) == (4, 0, 0)
    assert rows == live_rows
    for replay in replays:
        replay.check()
    assert [order.id for order in orders] == [order.id for order in live_orders]
    for order, live in zip(orders, live_orders, strict=True):
        assert neutral(order) == neutral(live)
        assert order.email != live.email
        assert order.email is not None
        assert order.email.endswith("@example.com")


def neutral(order: Order) -> dict[str, Any]:
    """What scrubbing must not change."""
    return {
        **order.model_dump(
            include={
                "id",
                "number",
                "currency",
                "total",
                "placed_at",
                "updated_at",
                "status",
                "payment",
                "fulfillment",
            }
        ),
        "lines": [
            (one.id, one.sku, one.quantity, one.amounts.model_dump(exclude={"taxes", "discounts"}))
            for one in order.lines
        ],
        "charges": [(one.kind, one.amounts.gross) for one in order.charges],
        "place": order.billing and (order.billing.country, order.billing.subdivision),
    }


def test_one_person_is_one_person_in_both_files(files: dict[str, Any]) -> None:
    """What the source tells of a customer is what the target is asked."""
    source, target = (Recording.load(files["folder"] / f"{name}.json") for name in (SOURCE, TARGET))
    emails = {
        order["billing"]["email"]
        for exchange in source.exchanges
        if isinstance(exchange.answer.body.get("json"), list)
        for order in exchange.answer.body["json"]
        if "billing" in order
    }
    asked = b"".join(target.with_exchanges([one]).text() for one in target.exchanges).decode()
    assert emails
    assert all(email in asked for email in emails)


def test_the_report_names_kinds_and_places(files: dict[str, Any]) -> None:
    report = Recording.load(Path(files["folder"]) / f"{SOURCE}.json").report()
    assert ("e-mail", "response body:/*/billing/email") in {(kind, place) for kind, place, _ in report}
    assert ("secret", "request header:/authorization") in {(kind, place) for kind, place, _ in report}
