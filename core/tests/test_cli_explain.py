"""`ordersync explain`, over the real host and two reference stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ordersync.cli import main
from ordersync.testing.reference import store
from ordersync.testing.vectors import vector


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shop, erp = (store(f"{tmp_path.name}-{end}") for end in ("shop", "erp"))
    shop.orders = {"O1": vector("order discount with remainders").order}
    erp.add_item("A")
    (tmp_path / "ordersync.toml").write_text(
        f'[connections.shop]\nconnector = "reference"\nstore = "{shop.account}"\n'
        f'[connections.erp]\nconnector = "reference"\nstore = "{erp.account}"\n'
        '[routes.orders]\nsource = "shop"\ntarget = "erp"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDERSYNC_SETTINGS", raising=False)
    monkeypatch.delenv("ORDERSYNC_LEDGER", raising=False)
    return tmp_path


def test_the_command_for_people(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "orders", "--all"]) == 0
    capsys.readouterr()
    assert main(["explain", "orders", "#1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for words in (
        "Order #1 (id O1)",
        "Prices do not include tax.",
        "Discount TEN: 10.00 over 3 charges",
        "allocated by largest remainder",
        "3.334",
        "found on the target",
        "Nothing differs, from the source to the target.",
        "97.20",
    ):
        assert words in out, words
    assert "buyer.amber" not in out, "no personal datum"


def test_the_command_for_programs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "orders", "O1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == {"currency": "USD", "net": "90.00", "tax": "7.20", "total": "97.20"}
    assert found["charges"][2]["discounts"][0]["amount"] == "3.34"
    assert found["allocations"][0]["shares"][2]["exact"].startswith("3.334")
    assert found["arithmetic"]["tax"] == "given"
    assert (found["state"], found["found"]) == (None, None)


def test_the_command_names_what_it_does_not_know(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "orders", "O9"]) == 2
    assert "knows an order 'O9'" in capsys.readouterr().err
    assert main(["explain", "nowhere", "O1"]) == 2
    assert "nowhere" in capsys.readouterr().err
