"""The command line over the real host: two reference stores, from the first look to the retry."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ordersync import Amounts, Line, Order
from ordersync.cli import main
from ordersync.testing.reference import ReferenceStore, store

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def an_order(number: int, sku: str) -> Order:
    price = Decimal("9.99")
    line = Line(
        id=f"L{number}",
        sku=sku,
        title=sku,
        quantity=Decimal(1),
        amounts=Amounts.of(price, taxes_included=False, unit_price=price),
    )
    at = NOON + timedelta(minutes=number)
    return Order(
        id=str(number),
        number=f"#{number}",
        currency="EUR",
        taxes_included=False,
        total=price,
        email=f"buyer{number}@example.com",
        lines=(line,),
        placed_at=at,
        updated_at=at,
    )


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ReferenceStore, ReferenceStore]:
    """A shop with three orders, one of them with a SKU that the other side does not know."""
    names = [f"{end}-{uuid4()}" for end in ("shop", "erp")]
    shop, erp = store(names[0]), store(names[1])
    shop.orders = {order.id: order for order in (an_order(1, "MUG"), an_order(2, "GONE"), an_order(3, "MUG"))}
    erp.add_item("MUG")
    (tmp_path / "ordersync.toml").write_text(
        f'[connections.shop]\nconnector = "reference"\nstore = "{names[0]}"\n'
        f'[connections.erp]\nconnector = "reference"\nstore = "{names[1]}"\n'
        '[routes.orders]\nsource = "shop"\ntarget = "erp"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDERSYNC_SETTINGS", raising=False)
    monkeypatch.delenv("ORDERSYNC_LEDGER", raising=False)
    return shop, erp


def told(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, Any]:
    code = main([*command, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_from_the_first_look_to_the_retry(
    stores: tuple[ReferenceStore, ReferenceStore], capsys: pytest.CaptureFixture[str]
) -> None:
    _, erp = stores
    assert told(capsys, "check")[0] == 0

    assert main(["plan", "orders", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["summary"]["create"] == 2
    assert lines[-1]["summary"]["park"] == 1
    assert not erp.placed

    code, refused = told(capsys, "sync", "orders")
    assert code == 2
    assert "how far back" in refused["error"]["message"]
    assert not erp.placed

    code, report = told(capsys, "sync", "orders", "--all")
    assert code == 1
    assert (report["created"], report["parked"], report["failed"]) == (2, 1, 0)
    assert len(erp.placed) == 2

    code, rows = told(capsys, "orders", "orders", "--parked")
    assert code == 0
    assert [(row["source_id"], row["problem"]["code"]) for row in rows] == [("2", "unknown_sku")]

    code, report = told(capsys, "sync", "orders")
    assert report["created"] == 0
    assert len(erp.placed) == 2

    code, causes = told(capsys, "parked", "orders")
    assert code == 1
    assert [(one["cause"], one["orders"], one["frees"]) for one in causes["causes"]] == [("sku:GONE", 1, 1)]

    erp.add_item("GONE")
    code, report = told(capsys, "retry", "orders")
    assert (code, report["created"]) == (0, 1)
    assert len(erp.placed) == 3

    (route,) = told(capsys, "status")[1]
    assert route["counts"].get("done") == 3


def test_an_unknown_order(
    stores: tuple[ReferenceStore, ReferenceStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", "orders", "--order", "404"]) == 2
    assert main(["retry", "orders", "404"]) == 2


def test_the_words_for_people(
    stores: tuple[ReferenceStore, ReferenceStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", "orders", "--all", "-vv"]) == 1
    out, err = capsys.readouterr()
    assert "unknown_sku" in out
    assert "run=" in err


def test_a_plan_is_carried_out(
    stores: tuple[ReferenceStore, ReferenceStore], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shop, erp = stores
    assert main(["plan", "orders", "--out", "orders.plan"]) == 1
    assert "sync orders --plan orders.plan" in capsys.readouterr().out
    assert (tmp_path / "orders.plan").stat().st_mode & 0o077 == 0 or os.name == "nt"

    shop.orders["3"] = shop.orders["3"].model_copy(update={"note": "another"})
    code, report = told(capsys, "sync", "orders", "--plan", "orders.plan")
    assert (code, report["created"], report["skipped"]) == (0, 1, 1)
    assert report["moved"] == {"#3": "the order changed in the source"}
    assert main(["sync", "orders", "--plan", "orders.plan", "--all"]) == 2
    assert main(["sync", "orders", "--plan", "nowhere.plan"]) == 2
    assert len(erp.placed) == 1


def test_a_route_that_does_not_stand_still_is_resumed_in_vain(
    stores: tuple[ReferenceStore, ReferenceStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "resume", "orders") == (0, {"route": "orders", "resumed": False})
    assert main(["parked", "orders"]) == 0
    assert "Nothing is parked" in capsys.readouterr().out
