"""Orders read from files: found, sorted, paged, filtered; what cannot be read is named and hurts no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordersync import BadInput, BadSettings, Done, Failed, NotOffered, Order, OrderQuery, OrderStatus, Page
from ordersync.shapes import parse_orders, to_own, to_unified
from ordersync.web import Access, dump
from ordersync_file import FileConnector

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


def pushed(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "orderId": f"A-{number}",
        "orderDate": "2026-01-15T12:00:00Z",
        "updatedAt": (START + timedelta(minutes=number)).isoformat(),
        "customer": {
            "id": "C-1",
            "email": "buyer.amber@example.com",
            "firstName": "Buyer",
            "lastName": "Amber",
        },
        "lineItems": [{"sku": "TEE-M", "title": "T-shirt", "quantity": 2, "price": Decimal("0.10")}],
        "pricing": {"total": Decimal("0.20"), "currency": "EUR"},
        **changes,
    }


def source(path: Path, **more: Any) -> FileConnector:
    return FileConnector(FileConnector.settings_model(path=path, **more), Access())


def listed(connector: FileConnector, **query: Any) -> list[Page]:
    return list(connector.list_orders(OrderQuery(**query)))


def ids(pages: list[Page]) -> list[str]:
    return [order.id for page in pages for order in page.orders]


def unreadable(pages: list[Page]) -> dict[str, str]:
    return dict(one for page in pages for one in page.unreadable)


def put(folder: Path, name: str, *entries: Any) -> Path:
    file = folder / name
    file.write_bytes(b"".join(dump(entry) + b"\n" for entry in entries))
    return file


def test_every_file_of_a_folder_oldest_change_first(tmp_path: Path) -> None:
    order = parse_orders(pushed(9))[0]
    put(tmp_path, "b.json", pushed(2))
    put(tmp_path, "a.json", [pushed(5), pushed(1)])
    put(tmp_path, "c.jsonl", pushed(4), {"orders": [pushed(3), pushed(6)]})
    put(tmp_path, "d.json", to_own(order))
    put(tmp_path, "e.json", to_unified([order.model_copy(update={"id": "A-8"})]))
    put(tmp_path, "f.json.part", pushed(70))
    put(tmp_path, ".g.json", pushed(71))
    (tmp_path / "h.json").mkdir()
    pages = listed(source(tmp_path))
    assert ids(pages) == [f"A-{number}" for number in (1, 2, 3, 4, 5, 6, 8, 9)]
    assert pages[0].orders[0].total == Decimal("0.20")
    assert pages[0].safe_through == START + timedelta(minutes=9)
    assert (pages[0].cursor, pages[0].unreadable) == (None, ())


def test_one_file_and_a_pattern(tmp_path: Path) -> None:
    put(tmp_path, "web-1.json", pushed(1))
    put(tmp_path, "web-2.jsonl", pushed(2))
    put(tmp_path, "pos-3.json", pushed(3))
    assert ids(listed(source(tmp_path / "web-1.json"))) == ["A-1"]
    assert ids(listed(source(tmp_path / "web-*"))) == ["A-1", "A-2"]
    assert source(tmp_path / "web-*").check_access().problems == ()


def test_pages_and_cursors_lose_nothing_where_times_are_equal(tmp_path: Path) -> None:
    same = START.isoformat()
    put(tmp_path, "all.jsonl", *(pushed(number, updatedAt=same) for number in range(150)), pushed(500))
    connector = source(tmp_path)
    pages = listed(connector)
    assert [len(page.orders) for page in pages] == [100, 51]
    assert len(set(ids(pages))) == 151
    assert pages[0].safe_through is None
    assert pages[1].safe_through == START + timedelta(minutes=500)
    assert listed(connector, cursor=pages[0].cursor) == pages[1:]
    with pytest.raises(BadInput):
        listed(connector, cursor="elsewhere")


def test_filters(tmp_path: Path) -> None:
    put(
        tmp_path,
        "all.jsonl",
        pushed(1),
        pushed(2, status="cancelled"),
        pushed(3, tags=["export"]),
        pushed(4, pricing={"total": 1, "currency": "USD"}),
    )
    connector = source(tmp_path)
    at = START + timedelta(minutes=2)
    assert ids(listed(connector, updated_from=at)) == ["A-2", "A-3", "A-4"]
    assert ids(listed(connector, updated_to=at)) == ["A-1", "A-2"]
    assert ids(listed(connector, statuses=frozenset({OrderStatus.CANCELLED}))) == ["A-2"]
    assert ids(listed(connector, tags=frozenset({"export", "x"}))) == ["A-3"]
    assert ids(listed(connector, currencies=frozenset({"USD"}))) == ["A-4"]
    assert ids(listed(connector, updated_from=START + timedelta(days=1))) == []


def test_the_latest_of_one_id_counts(tmp_path: Path) -> None:
    put(tmp_path, "a.json", pushed(1, updatedAt="2026-02-01T00:00:00Z", notes="new"))
    put(tmp_path, "b.json", pushed(1, notes="old"))
    (page,) = listed(source(tmp_path))
    assert [order.note for order in page.orders] == ["new"]


def test_what_cannot_be_read_is_named_and_hurts_no_other(tmp_path: Path) -> None:
    broken = pushed(3)
    broken["lineItems"][0]["quantity"] = 0
    file = put(tmp_path, "a.jsonl", pushed(1), broken, {"hello": "Buyer Amber"})
    with file.open("ab") as stream:
        stream.write(b'{"orderId": "A-9", "custo')
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    put(tmp_path, "c.json", {"orders": [pushed(2), 7]})
    pages = listed(source(tmp_path))
    assert ids(pages) == ["A-1", "A-2"]
    found = unreadable(pages)
    assert set(found) == {"A-3", "a.jsonl:3", "a.jsonl:4", "b.json", "c.json#/orders/1"}
    assert found["A-3"].startswith("a.jsonl:2#/lineItems/0/quantity: expected a count above zero")
    assert "Amber" not in str(found)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    lines = [dump(pushed(1)), b"", dump(pushed(2))]
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf" + dump(pushed(3)))
    assert ids(listed(source(tmp_path))) == ["A-1", "A-2", "A-3"]


def test_a_shape_that_is_insisted_on(tmp_path: Path) -> None:
    put(tmp_path, "a.json", pushed(1))
    assert "a.json#/remoteId: is missing" in unreadable(listed(source(tmp_path, shape="unified")))["A-1"]


def test_one_order_and_several(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", pushed(1), pushed(2), pushed(3, orderDate=None))
    connector = source(tmp_path)
    order = connector.get_order("A-2")
    assert isinstance(order, Order)
    assert connector.get_order("A-7") is None
    with pytest.raises(BadInput, match="orderDate"):
        connector.get_order("A-3")
    answers = connector.get_orders(["A-2", "A-7", "A-3", "A-2"])
    assert [type(answer) for answer in answers] == [Done, Done, Failed, Done]
    assert answers[0] == answers[3] == Done(order)


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "none" / "*.json"):
        with pytest.raises(BadSettings) as caught:
            source(path).check_access()
        assert caught.value.problems[0].place == "path"
        with pytest.raises(BadSettings):
            listed(source(path))
    connector = FileConnector(FileConnector.settings_model(output=tmp_path), Access())
    with pytest.raises(NotOffered, match="path"):
        listed(connector)
    with pytest.raises(NotOffered):
        connector.get_order("A-1")


def test_files_stay_as_they_are(tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", pushed(1))
    was = (file.read_bytes(), file.stat().st_mtime_ns)
    listed(source(tmp_path))
    assert (file.read_bytes(), file.stat().st_mtime_ns) == was
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert json.loads(was[0])["orderId"] == "A-1"
