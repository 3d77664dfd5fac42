"""Orders written to files: one document per key, whole or not at all, changed once per change."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordersync import (
    AccessDenied,
    Ambiguous,
    Amounts,
    BadInput,
    BadSettings,
    Cancel,
    Change,
    Confirm,
    Customer,
    Done,
    Draft,
    DraftLine,
    Failed,
    Fulfill,
    Fulfillment,
    FulfillmentStatus,
    Item,
    LineKind,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderRef,
    OrderStatus,
    PaymentStatus,
    PlacedState,
    Refused,
    SetStatus,
    Tax,
    Totals,
    Tracking,
    TryLater,
    UnexpectedReply,
    order_key,
)
from ordersync.web import Access, VirtualClock
from ordersync_file import FileConnector

KEY = order_key("file", "shop", "A-1")


def line(position: int, gross: str = "11.90", **changes: Any) -> DraftLine:
    amounts = Amounts.of(
        Decimal(gross) - Decimal("1.90"),
        taxes=(Tax(title="VAT", amount=Decimal("1.90")),),
        taxes_included=False,
    )
    return DraftLine(
        position=position,
        key=f"{KEY}-{position}",
        title="T-shirt",
        sku="TEE-M",
        quantity=Decimal(2),
        amounts=amounts,
        asked_price=amounts.list_amount / 2,
        **changes,
    )


def draft(key: str = KEY, *lines: DraftLine) -> Draft:
    return Draft(
        key=key,
        source_platform="file",
        source_id="A-1",
        number="1001",
        currency="EUR",
        taxes_included=False,
        lines=lines or (line(0), line(1)),
        expected=Totals(currency="EUR", net=Decimal(20), tax=Decimal("3.80"), total=Decimal("23.80")),
        placed_at=datetime(2026, 1, 15, tzinfo=UTC),
        note="ä 雪",
    )


@pytest.fixture(params=["folder", "lines"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / ("outbox" if request.param == "folder" else "out/orders.jsonl")


def target(output: Path, **more: Any) -> FileConnector:
    return FileConnector(FileConnector.settings_model(output=output, **more), Access(clock=VirtualClock()))


def documents(output: Path) -> list[dict[str, Any]]:
    if output.suffix == ".jsonl":
        text = output.read_text("utf-8")
        assert text.endswith("\n")
        return [json.loads(one) for one in text.splitlines()]
    return [json.loads(file.read_text("utf-8")) for file in sorted(output.glob("*.json"))]


def test_an_order_is_created_and_found(output: Path) -> None:
    connector = target(output)
    assert connector.check_access().problems == ()
    assert not output.exists()
    assert connector.find_order(KEY) is None
    placed = connector.create_order(draft())
    assert (placed.ref.id, placed.ref.number, placed.state) == (KEY, "1001", PlacedState.CONFIRMED)
    assert placed.totals == draft().expected
    assert [found.position for found in placed.lines] == [0, 1]
    assert connector.find_order(KEY) == placed
    assert target(output).find_orders([KEY, "os-other"]) == [Done(placed), Done(None)]
    (document,) = documents(output)
    assert document["format"] == "ordersync-order-1"
    assert document["totals"]["total"] == "23.80"
    assert document["order"]["note"] == "ä 雪"
    assert document["order"]["lines"][1]["amounts"]["list_amount"] == "10.00"


def test_the_same_key_twice_is_one_order(output: Path) -> None:
    first = target(output).create_order(draft())
    again = target(output).create_order(draft(KEY, line(0)))
    assert again == first
    assert len(documents(output)) == 1


def test_many_at_once_from_several_connectors(output: Path) -> None:
    connectors = [target(output) for _ in range(4)]
    keys = [order_key("file", "shop", str(number)) for number in range(12)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: connectors[i % 4].create_orders([draft(keys[i % 12])]), range(48)))
    assert all(isinstance(answer[0], Done) for answer in answers)
    assert sorted(document["id"] for document in documents(output)) == sorted(keys)


PROGRAM = """
import sys
from pathlib import Path
from ordersync import Draft
from ordersync.web import Access, read
from ordersync_file import FileConnector
connector = FileConnector(FileConnector.settings_model(output=Path(sys.argv[1])), Access())
draft = Draft.model_validate(read(sys.stdin.buffer.read()))
for number in range(20):
    connector.create_order(draft.model_copy(update={"key": f"os-{number}"}))
"""


def test_several_processes_make_one_of_each(output: Path) -> None:
    body = draft().model_dump_json().encode("utf-8")
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(output)], stdin=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in running:
        assert process.stdin
        process.stdin.write(body)
        process.stdin.close()
    assert [process.wait(60) for process in running] == [0, 0]
    assert sorted(document["id"] for document in documents(output)) == sorted(f"os-{n}" for n in range(20))


def test_a_line_is_added_once(output: Path) -> None:
    connector = target(output)
    ref = connector.create_order(draft(KEY, line(1))).ref
    for _ in range(2):
        added = connector.add_line_item(ref, line(0), f"{KEY}-0")
        assert (added.id, added.position) == (f"{KEY}-0", 0)
    found = connector.find_order(KEY)
    assert found is not None
    assert [one.position for one in found.lines] == [0, 1]
    assert found.totals == draft().expected
    with pytest.raises(NotFound):
        connector.add_line_item(OrderRef(id="os-none"), line(0), "k")


def latest(output: Path, key: str = KEY) -> dict[str, Any]:
    return [document for document in documents(output) if document["id"] == key][-1]


def test_changes_are_recorded_once(output: Path) -> None:
    connector = target(output)
    ref = connector.create_order(draft()).ref
    changes: list[Change] = [
        Confirm(placed_at=datetime(2026, 1, 14, tzinfo=UTC)),
        SetStatus(status=OrderStatus.HELD),
        MarkPaid(gateway="stripe", transaction_id="T-1"),
        Fulfill(fulfillment=Fulfillment(lines={f"{KEY}-0": Decimal(2)}, tracking=(Tracking(number="1Z9"),))),
    ]
    for step, change in enumerate(changes):
        assert connector.update_order(ref, change, f"k{step}") == connector.update_order(
            ref, change, f"k{step}"
        )
    document = latest(output)
    assert document["revision"] == 5
    assert [change["kind"] for change in document["changes"]] == [
        "confirm",
        "set_status",
        "mark_paid",
        "fulfill",
    ]
    order = document["order"]
    assert (order["placed_at"], order["status"]) == ("2026-01-14T00:00:00Z", OrderStatus.HELD)
    assert order["payment_status"] == PaymentStatus.PAID
    assert [(paid["amount"], paid["transaction_id"]) for paid in order["payments"]] == [("23.80", "T-1")]
    assert order["fulfillment_status"] == FulfillmentStatus.PARTIAL
    assert document["fulfillments"][0]["tracking"][0]["number"] == "1Z9"
    connector.update_order(ref, MarkPaid(transaction_id="T-1"), "k8")
    connector.update_order(ref, Fulfill(fulfillment=Fulfillment(lines={f"{KEY}-1": Decimal(2)})), "k9")
    assert latest(output)["order"]["fulfillment_status"] == FulfillmentStatus.FULFILLED
    assert len(latest(output)["order"]["payments"]) == 1


def test_a_cancelled_order_is_not_changed_any_more(output: Path) -> None:
    connector = target(output)
    ref = connector.create_order(draft()).ref
    assert connector.update_order(ref, Cancel(reason="customer"), "k1").state is PlacedState.CANCELLED
    assert latest(output)["order"]["status"] == OrderStatus.CANCELLED
    with pytest.raises(Refused):
        connector.update_order(ref, MarkPaid(), "k2")
    other = connector.create_order(draft("os-other")).ref
    assert connector.update_order(other, SetStatus(status=OrderStatus.CANCELLED), "k1").state == "cancelled"
    assert connector.update_order(other, Cancel(), "k2").state is PlacedState.CANCELLED
    sent = connector.create_order(draft("os-sent")).ref
    connector.update_order(sent, Fulfill(fulfillment=Fulfillment()), "k3")
    assert latest(output, "os-sent")["order"]["fulfillment_status"] == FulfillmentStatus.FULFILLED


def test_an_unfinished_line_is_removed_and_a_whole_one_kept(tmp_path: Path) -> None:
    output = tmp_path / "orders.jsonl"
    target(output).create_order(draft("os-1"))
    with output.open("ab") as stream:
        stream.write(b'{"format": "ordersync-order-1", "id": "os-2", ')
    reader = target(output)
    assert reader.find_order("os-2") is None
    reader.create_order(draft("os-3"))
    assert [document["id"] for document in documents(output)] == ["os-1", "os-3"]
    output.write_bytes(output.read_bytes().rstrip(b"\n"))
    assert target(output).find_order("os-3") is not None
    reader.create_order(draft("os-4"))
    assert [document["id"] for document in documents(output)] == ["os-1", "os-3", "os-4"]
    assert reader.find_order("os-1") is not None
    output.unlink()
    assert reader.find_order("os-1") is None
    reader.create_order(draft("os-5"))
    assert reader.find_order("os-5") is not None
    assert reader.find_order("os-1") is None


def test_documents_that_somebody_broke_are_not_overlooked(output: Path) -> None:
    target(output).create_order(draft())
    file = output if output.suffix else output / f"{KEY}.json"
    file.write_bytes(file.read_bytes().replace(b'"totals"', b'"totals', 1))
    with pytest.raises(UnexpectedReply, match=file.name):
        target(output).create_order(draft())
    assert isinstance(target(output).create_orders([draft()])[0], Failed)


def test_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    output = tmp_path / "orders.jsonl"
    output.write_bytes(b'{"hello": 1}\n\n[2]\n')
    target(output).create_order(draft())
    assert target(output).find_order(KEY) is not None


@pytest.mark.parametrize("key", ["con", "a/b", "..", "A-1", "ü", "x" * 300, "os:1", ""])
def test_names_are_safe_everywhere(tmp_path: Path, key: str) -> None:
    connector = target(tmp_path / "out")
    connector.create_order(draft(key))
    (file,) = (tmp_path / "out").glob("*.json")
    assert file.stem.startswith("x-")
    assert len(file.name) < 60
    assert connector.find_order(key) is not None
    assert connector.find_order(f"{key}2") is None


def test_nothing_is_left_behind_when_the_disk_refuses(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = target(output)
    connector.create_order(draft("os-1"))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ordersync_file.outbox.os.fsync", full)
        with pytest.raises(TryLater, match="No space left"):
            connector.create_order(draft("os-2"))
    assert connector.find_order("os-2") is None
    folder = output.parent if output.suffix else output
    assert not list(folder.glob("*.tmp")) + list(folder.glob(".*.tmp"))
    connector.create_order(draft("os-2"))
    assert [document["id"] for document in documents(output)] == ["os-1", "os-2"]


def test_customers(output: Path) -> None:
    connector = target(output)
    amber = Customer(id="C-1", email="Buyer.Amber@example.com", phone="+12125550123", first_name="Buyer")
    assert connector.find_customer(amber, "oc-1") is None
    made = connector.create_customer(amber, "oc-1")
    assert connector.create_customer(amber, "oc-1") == made
    again = target(output)
    assert again.find_customer(Customer(), "oc-1") == made
    assert again.find_customer(Customer(email=" buyer.amber@EXAMPLE.com"), "oc-2") == made
    assert again.find_customer(Customer(email="x@example.com", phone="+12125550123"), "oc-2") == made
    assert again.find_customer(Customer(email="x@example.com"), "oc-2") is None
    again.create_customer(Customer(email="buyer.amber@example.com"), "oc-2")
    with pytest.raises(Ambiguous) as caught:
        connector.find_customer(Customer(email="buyer.amber@example.com"), "oc-3")
    assert caught.value.candidates == ("oc-1", "oc-2")


def test_without_a_catalogue_every_sku_is_known(output: Path) -> None:
    connector = target(output)
    item = connector.resolve_sku("ANY")
    assert item == Item(sku="ANY", product_id="ANY", tracks_stock=False)
    assert item is not None
    stock = connector.check_stock(item)
    assert stock is not None
    assert stock.available is None


def test_a_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text(
        """{"items": [
            {"sku": "TEE-M", "product_id": "P-1", "variant_id": "V-1", "unit_price": 0.1, "currency": "EUR", "stock": 5},
            {"sku": "CAP", "stock": {"north": 2, "south": "1.5"}},
            {"sku": "TWICE", "variant_id": "V-2"}, {"sku": "TWICE", "variant_id": "V-3"},
            {"sku": "ONCE"}, {"sku": "ONCE", "variant_id": "V-4", "sellable": false},
            {"sku": "GONE", "sellable": false}
        ]}""",
        "utf-8",
    )
    connector = target(tmp_path / "out", catalogue=file)
    tee = connector.resolve_sku("TEE-M")
    assert tee is not None
    assert (tee.product_id, tee.variant_id, tee.unit_price) == ("P-1", "V-1", Decimal("0.1"))
    stock = connector.check_stock(tee)
    assert stock is not None
    assert stock.available == 5
    cap = connector.resolve_sku("CAP")
    assert cap is not None
    stock = connector.check_stock(cap)
    assert stock is not None
    assert (stock.available, stock.by_location["south"]) == (Decimal("3.5"), Decimal("1.5"))
    assert connector.resolve_sku("cap") is None
    with pytest.raises(Ambiguous) as caught:
        connector.resolve_sku("TWICE")
    assert caught.value.candidates == ("V-2", "V-3")
    found = connector.resolve_skus(["ONCE", "TWICE", "GONE", "NEVER"])
    assert [type(one) for one in found] == [Done, Failed, Done, Done]
    assert [one.value.sellable for one in (found[0], found[2]) if isinstance(one, Done) and one.value] == [
        True,
        False,
    ]
    file.write_text('[{"sku": "NEVER"}]', "utf-8")
    assert connector.resolve_sku("NEVER") is not None
    assert connector.check_stock(tee) is None
    file.write_text('[{"sku": 3}, {}]', "utf-8")
    with pytest.raises(BadInput) as bad:
        connector.check_access()
    assert [problem.place for problem in bad.value.problems] == ["/items/0/sku", "/items/1/sku"]
    file.unlink()
    with pytest.raises(BadSettings, match="catalogue"):
        connector.resolve_sku("NEVER")


def test_what_must_be_set_up_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "folder" in target(tmp_path / "file").check_access().problems[0]
    assert "cannot be made" in target(tmp_path / "file" / "out").check_access().problems[0]
    (tmp_path / "x.jsonl").mkdir()
    assert "file" in target(tmp_path / "x.jsonl").check_access().problems[0]


def test_without_an_output_nothing_is_written(tmp_path: Path) -> None:
    connector = FileConnector(FileConnector.settings_model(path=tmp_path), Access())
    for call in (
        lambda: connector.create_order(draft()),
        lambda: connector.find_order(KEY),
        lambda: connector.find_customer(Customer(), "oc-1"),
        lambda: connector.update_order(OrderRef(id=KEY), Cancel(), "k"),
    ):
        with pytest.raises(NotOffered, match="output"):
            call()


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ordersync_file.outbox.os.open", refused)
    with pytest.raises(AccessDenied, match="Permission denied"):
        target(tmp_path).create_order(draft())


def test_kinds_without_a_product_need_no_shipment(tmp_path: Path) -> None:
    output = tmp_path / "out"
    connector = target(output)
    freight = line(1, kind=LineKind.SHIPPING, requires_shipping=False)
    ref = connector.create_order(draft(KEY, line(0), freight)).ref
    connector.update_order(ref, Fulfill(fulfillment=Fulfillment(lines={f"{KEY}-0": Decimal(2)})), "k")
    assert latest(output)["order"]["fulfillment_status"] == FulfillmentStatus.FULFILLED
