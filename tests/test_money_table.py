"""The page of shares to the cent is what the transfer does: every case is run into every target again."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from ordersync.discovery import sandbox_class
from ordersync.ledger import State
from ordersync.model import Order
from ordersync.testing import Sandbox
from ordersync.testing import money_table as made
from ordersync.testing.money_table import Fate, Share, carried, case_orders, page, share, targets

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/money.md"
AGAIN = "make it again: python -m ordersync.testing.money_table > docs/money.md"
TARGETS = [one.name for one in targets()[0]]


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    return case_orders()


@pytest.fixture(scope="module")
def run(orders: list[Order]) -> dict[str, list[Fate]]:
    """Each target's cases, run once for all tests here."""
    return {name: carried(name, orders) for name in TARGETS}


@pytest.fixture
def told(run: dict[str, list[Fate]], monkeypatch: pytest.MonkeyPatch) -> str:
    """The page, of the run that was made."""
    monkeypatch.setattr(made, "carried", lambda name, _orders: run[name])
    return page()


def test_the_page_is_what_the_transfer_does(told: str) -> None:
    assert PAGE.read_text("utf-8") == told, AGAIN


@pytest.mark.parametrize("name", TARGETS)
def test_every_case_comes_out_or_parks_unsent(
    name: str, run: dict[str, list[Fate]], orders: list[Order]
) -> None:
    fates = run[name]
    assert [fate.order.id for fate in fates] == [order.id for order in orders]
    wrong = [(fate.order.id, fate.kind, fate.code) for fate in fates if fate.kind not in ("equal", "unsent")]
    assert wrong == []
    assert all(fate.sent for fate in fates if fate.times), (
        "an order stands there that was not seen to be sent"
    )
    assert [fate.code for fate in fates if fate.code.endswith(("_sku", "_customer"))] == []
    assert sum(fate.kind == "equal" for fate in fates) > len(fates) / 2


def test_every_code_on_the_page_has_a_meaning(run: dict[str, list[Fate]]) -> None:
    codes = {fate.code for fates in run.values() for fate in fates if fate.code}
    assert codes <= set(made._MEANINGS)


def test_the_page_is_made_by_the_command_that_it_names(told: str) -> None:
    command = [sys.executable, "-W", "error", "-m", "ordersync.testing.money_table"]
    assert " ".join(command[3:]) in told
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == (told, "")


def test_without_the_cases_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ordersync.testing.money_table"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "ORDERSYNC_SPECS": str(tmp_path / "specs")},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no money cases here; set ORDERSYNC_SPECS to the folder beside them\n"


def fate(order: Order, **changed: object) -> Fate:
    known: dict[str, object] = {"state": State.DONE, "code": "", "sent": True, "times": 1, "equal": True}
    return Fate(order, **{**known, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, "equal"),
        ({"equal": False}, "otherwise"),
        ({"state": None, "times": 0, "equal": False, "sent": False}, "otherwise"),
        ({"state": State.IN_DOUBT}, "otherwise"),
        ({"state": State.PARKED, "times": 0, "equal": False, "sent": False, "code": "x"}, "unsent"),
        ({"state": State.PARKED, "times": 0, "equal": False, "code": "x"}, "refused"),
        ({"state": State.PARKED, "equal": False, "code": "totals_differ"}, "after"),
        ({"state": State.PARKED, "code": "totals_differ"}, "after"),
    ],
)
def test_each_fate_counts_in_one_column(orders: list[Order], changed: dict[str, object], kind: str) -> None:
    assert fate(orders[0], **changed).kind == kind


def test_only_codes_of_what_was_not_sent_are_told(orders: list[Order]) -> None:
    parked = {"state": State.PARKED, "equal": False, "times": 0}
    fates = [
        fate(orders[0]),
        fate(orders[0], code="unit_price", sent=False, **parked),
        fate(orders[0], code="refused", **parked),
    ]
    assert share(fates) == Share({"equal": 1, "unsent": 1, "refused": 1}, {"unit_price": 1})


def test_an_order_that_is_a_cent_off_there_is_not_equal(
    orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = sandbox_class("erp-odoo")
    honest = kind.standing
    cent = Decimal("0.01")
    monkeypatch.setattr(
        kind, "standing", lambda self: [replace(one, total=one.total + cent) for one in honest(self)]
    )
    (found,) = carried("erp-odoo", orders[:1])
    assert (found.state, found.times, found.kind) == (State.DONE, 1, "otherwise")


def test_an_order_that_stands_twice_is_not_equal(
    orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = sandbox_class("erp-odoo")
    honest = kind.standing
    monkeypatch.setattr(kind, "standing", lambda self: honest(self) * 2)
    (found,) = carried("erp-odoo", orders[:1])
    assert (found.times, found.kind) == (2, "otherwise")


def test_what_the_platform_itself_refuses_was_sent(
    orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = sandbox_class("bigcommerce")
    honest = kind.answer

    def refusing(self: Sandbox, request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/v2/orders"):
            return Response('[{"status": 400, "message": "No."}]', 400, content_type="application/json")
        return honest(self, request)

    monkeypatch.setattr(kind, "answer", refusing)
    (found,) = carried("bigcommerce", orders[:1])
    assert (found.code, found.sent, found.times, found.kind) == ("refused", True, 0, "refused")
