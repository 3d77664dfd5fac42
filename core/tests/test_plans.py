"""Plan and apply: what was planned is what is sent, or it is left out with what has moved."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ordersync.errors import BadInput
from ordersync.host import Host
from ordersync.ledger import State
from ordersync.model import Address, Amounts, Customer, Line, Order, RunReport, Stock
from ordersync.settings import settings_of
from ordersync.testing.reference import ReferenceStore, store
from ordersync.transfer.drafting import make_draft
from ordersync.web import VirtualClock

NOON = VirtualClock().now()


def an_order(number: int, sku: str = "MUG", **more: Any) -> Order:
    at = NOON + timedelta(minutes=number)
    amounts = Amounts.of(Decimal("5.00"), taxes_included=False, unit_price=Decimal("5.00"))
    values: dict[str, Any] = {
        "id": str(number),
        "number": f"#{number}",
        "currency": "EUR",
        "taxes_included": False,
        "total": Decimal("5.00"),
        "customer": Customer(id=f"C{number}", email=f"buyer{number}@example.com", first_name="Buyer"),
        "shipping": Address(line1="1 Water Street", country="DE"),
        "lines": (Line(id=f"{number}-1", sku=sku, title=sku, quantity=Decimal(1), amounts=amounts),),
        "placed_at": at,
        "updated_at": at,
    }
    return Order(**{**values, **more})


@dataclass
class Ends:
    host: Host
    clock: VirtualClock
    shop: ReferenceStore
    erp: ReferenceStore
    file: Path

    def plan(self, **how: Any) -> list[str]:
        return [planned.action for planned in self.host.plan("orders", out=self.file, **how)]

    def apply(self) -> RunReport:
        return self.host.sync("orders", plan=self.file)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    names = [f"{end}-{uuid4()}" for end in ("shop", "erp")]
    shop, erp = store(names[0]), store(names[1])
    shop.orders = {order.id: order for order in (an_order(1), an_order(2, "BOWL"), an_order(3))}
    for sku in ("MUG", "BOWL"):
        erp.add_item(sku, unit_price=Decimal("4.00"), currency="EUR")
    settings = settings_of(
        {
            "ledger": {"url": "sqlite://"},
            "connections": {
                "shop": {"connector": "reference", "store": names[0]},
                "erp": {"connector": "reference", "store": names[1]},
            },
            "routes": {
                "orders": {"source": "shop", "target": "erp", "policies": {"stock": "park"}},
                "others": {"source": "shop", "target": "erp"},
            },
        }
    )
    clock = VirtualClock()
    with Host.open(settings, clock=clock) as host:
        yield Ends(host, clock, shop, erp, tmp_path / "orders.plan")


def test_a_plan_is_carried_out_and_nothing_else(ends: Ends) -> None:
    assert ends.plan() == ["create"] * 3
    ends.shop.orders["4"] = an_order(4)
    report = ends.apply()
    assert (report.created, report.skipped, dict(report.moved)) == (3, 0, {})
    assert {draft.source_id for draft, _, _ in ends.erp.placed.values()} == {"1", "2", "3"}
    assert ends.host.is_new("orders"), "a plan says nothing about where syncs begin"
    again = ends.apply()
    assert (again.created, again.unchanged) == (0, 3)


def test_it_shows_what_would_be_sent_and_what_that_rests_on(ends: Ends) -> None:
    ends.erp.stock["MUG"] = Stock(available=Decimal(7))
    ends.erp.customers["C9"] = ("", Customer(email="buyer2@example.com"))
    ends.plan()
    header, first, second, _, last = map(json.loads, ends.file.read_text("utf-8").splitlines())
    assert (header["route"], header["source"]) == ("orders", f"reference {ends.shop.account}")
    assert first["items"] == {
        "MUG": {"product_id": "P-MUG", "unit_price": "4.00", "currency": "EUR", "stock": "7"}
    }
    assert first["customer"].get("id") is None
    assert second["customer"]["id"] == "C9"
    assert first["draft"]["lines"][0]["asked_price"] == "5.00"
    assert last == {"orders": 3}


def price(ends: Ends) -> None:
    (item,) = ends.erp.items["MUG"]
    ends.erp.items["MUG"] = [item.model_copy(update={"unit_price": Decimal("4.50")})]


def product(ends: Ends) -> None:
    (item,) = ends.erp.items["MUG"]
    ends.erp.items["MUG"] = [item.model_copy(update={"product_id": "P-OTHER"})]


def stock(ends: Ends) -> None:
    ends.erp.stock["MUG"] = Stock(available=Decimal(3))


def customer(ends: Ends) -> None:
    ends.erp.customers["C7"] = ("", Customer(email="buyer1@example.com"))


def source(ends: Ends) -> None:
    ends.shop.orders["1"] = ends.shop.orders["1"].model_copy(update={"note": "ring twice"})


@pytest.mark.parametrize(
    ("change", "said", "left_out"),
    [
        (price, "the SKU 'MUG' has another price on the target: 4.00 became 4.50", {"#1", "#3"}),
        (product, "the SKU 'MUG' leads to another product: P-MUG became P-OTHER", {"#1", "#3"}),
        (stock, "the SKU 'MUG' has another stock: None became 3", {"#1", "#3"}),
        (customer, "the customer exists by now (C7)", {"#1"}),
        (source, "the order changed in the source", {"#1"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_an_order_whose_facts_have_moved_is_left_out(
    ends: Ends, change: Callable[[Ends], None], said: str, left_out: set[str]
) -> None:
    ends.plan()
    change(ends)
    customers = len(ends.erp.customers)
    report = ends.apply()
    assert dict(report.moved) == dict.fromkeys(left_out, said)
    assert (report.created, report.skipped, report.parked) == (3 - len(left_out), len(left_out), 0)
    assert len(ends.erp.customers) == customers + report.created, "no customer of what is left out"
    assert ends.plan().count("create") == len(left_out), "a new plan offers them again"
    assert ends.apply().created == len(left_out)


def test_an_item_that_is_gone_parks(ends: Ends) -> None:
    ends.plan()
    del ends.erp.items["BOWL"]
    report = ends.apply()
    assert (report.created, report.parked) == (2, 1)


def test_what_extensions_send_otherwise_is_left_out(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ends.plan()
    monkeypatch.setattr(
        "ordersync.transfer.prepare.make_draft",
        lambda *a, **k: make_draft(*a, **k).model_copy(update={"note": "another"}),
    )
    assert set(ends.apply().moved.values()) == {"something else would be sent than what was planned"}


def test_two_orders_of_one_new_customer(ends: Ends) -> None:
    who = ends.shop.orders["1"].customer
    ends.shop.orders["3"] = an_order(3, customer=who)
    ends.plan()
    assert ends.apply().created == 3
    assert len(ends.erp.customers) == 2


def test_a_plan_belongs_to_its_owner_alone(ends: Ends) -> None:
    ends.plan()
    if os.name != "nt":
        assert ends.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in ends.file.parent.iterdir()] == [ends.file.name]


def test_a_plan_that_is_not_finished_is_not_there(ends: Ends) -> None:
    planned = ends.host.plan("orders", out=ends.file)
    next(planned)
    planned.close()  # type: ignore[attr-defined]
    assert list(ends.file.parent.iterdir()) == []


def test_plan_writes_nothing_to_the_ledger(ends: Ends) -> None:
    ends.plan()
    assert list(ends.host.ledger.rows("orders")) == []
    assert ends.erp.placed == {}
    assert ends.erp.customers == {}


def test_a_plan_for_other_rules_is_refused(ends: Ends) -> None:
    ends.plan()
    with pytest.raises(BadInput, match="another route"):
        ends.host.sync("others", plan=ends.file)
    ends.host.settings.routes["orders"] = ends.host.settings.route("orders").model_copy(
        update={"policies": ends.host.settings.route("orders").policies.model_copy(update={"guests": "park"})}
    )
    with pytest.raises(BadInput, match="another settings of the route"):
        ends.apply()
    assert ends.erp.placed == {}


def cut(text: str) -> str:
    return "\n".join(text.splitlines()[:-1])


def garbled(text: str) -> str:
    return text.replace('"print"', '"printed"', 1)


def half(text: str) -> str:
    return text[: len(text) // 2]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "line 4: the end is missing"),
        (garbled, "line 2: print: Field required"),
        (half, "this is not JSON"),
        (lambda _text: "", "line 0: the end is missing"),
    ],
)
def test_a_damaged_plan_is_refused_with_the_line(ends: Ends, damage: Callable[[str], str], said: str) -> None:
    ends.plan()
    ends.file.write_text(damage(ends.file.read_text("utf-8")), "utf-8")
    with pytest.raises(BadInput) as error:
        ends.apply()
    assert said in str(error.value)
    assert "example.com" not in str(error.value)
    assert ends.erp.placed == {}


def test_a_folder_that_is_not_there(ends: Ends) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        list(ends.host.plan("orders", out=ends.file / "nowhere" / "x.plan"))


# -- the first sync of a route ----------------------------------------------------------------------------------


def test_the_first_sync_asks_how_far_back(ends: Ends) -> None:
    with pytest.raises(BadInput, match="how far back shall it go") as error:
        ends.host.sync("orders")
    assert "--all" in error.value.remedy
    assert ends.erp.placed == {}
    assert ends.host.sync("orders", order="1").created == 1
    with pytest.raises(BadInput, match="how far back"):
        ends.host.sync("orders")
    assert ends.host.sync("orders", since=NOON + timedelta(minutes=3)).created == 1, "no backfill of #2"
    assert ends.host.sync("orders").created == 0


def test_a_first_sync_that_was_stopped_goes_on_without_being_told_again(ends: Ends) -> None:
    assert ends.host.sync("orders", everything=True, limit=1).created == 1
    assert ends.host.ledger.watermark("orders") is None
    assert ends.host.sync("orders").created == 2
    assert {row.state for row in ends.host.ledger.rows("orders")} == {State.DONE}
