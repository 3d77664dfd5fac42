"""One test for each oddity of Tryton, named after it. What is said of it was seen on a real server, version 8.2."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from conftest import KEY, line
from ordersync import (
    Address,
    Cancel,
    Confirm,
    Customer,
    CustomerRef,
    InDoubt,
    NotFound,
    OrderQuery,
    OrderRef,
    OrderStatus,
    PlacedState,
    Refused,
)
from ordersync.testing.kit import Fault

from ordersync_tryton.rpc import without_values
from ordersync_tryton.wire import decoded, encoded


def test_values_travel_as_classes_and_times_without_a_zone() -> None:
    moment = datetime(2026, 11, 21, 15, 8, 24, 226479, tzinfo=UTC)
    sent = encoded(
        {"price": Decimal("33.6133"), "at": moment, "day": date(2026, 11, 1), "lines": [["add", [1]]]}
    )
    assert sent["price"] == {"__class__": "Decimal", "decimal": "33.6133"}
    assert sent["at"]["microsecond"] == 226479
    assert "tzinfo" not in sent["at"]
    assert decoded(sent) == {
        "price": Decimal("33.6133"),
        "at": moment,
        "day": date(2026, 11, 1),
        "lines": [["add", [1]]],
    }
    assert encoded(moment.astimezone())["hour"] == 15


def test_a_sale_that_nobody_changed_has_no_write_date_and_is_listed_all_the_same(open_office: Any) -> None:
    office = open_office()
    office.connector.create_order(office.draft(line(0, "10.00"), tax="0"))
    assert next(iter(office.sandbox.orders))["write_date"] is None
    assert len(office.orders(updated_from=office.clock.now() - timedelta(minutes=1))) == 1


def test_a_sale_that_changes_while_it_is_listed_hides_none_behind_it(
    open_office: Any, monkeypatch: Any
) -> None:
    office = open_office(orders=6)
    office.connector._shelf.page = 2
    pages = office.connector.list_orders(OrderQuery())
    first = next(pages)
    office.clock.sleep(60)
    office.sandbox.orders.change(office.sandbox.orders.need(first.orders[0].id), comment="changed")
    seen = [order.id for page in (first, *pages) for order in page.orders]
    assert set(seen) == {str(row["id"]) for row in office.sandbox.orders}


def test_a_listing_goes_on_behind_a_cursor(open_office: Any) -> None:
    office = open_office(orders=5)
    office.connector._shelf.page = 2
    first = next(office.connector.list_orders(OrderQuery()))
    rest = [
        order.id
        for page in office.connector.list_orders(OrderQuery(cursor=first.cursor))
        for order in page.orders
    ]
    assert [*(order.id for order in first.orders), *rest] == [order.id for order in office.orders()]


def test_an_error_comes_with_status_200_and_quotes_values(open_office: Any) -> None:
    said = (
        'The value "buyer@example.com" for field "Taxes" in record "1 x [Ada]" of "Sale Line" is not valid.'
    )
    assert without_values(said) == 'The value "…" for field "Taxes" in record "…" of "…" is not valid.'
    assert without_values('No 1" pipe for Ada.') == 'No 1"…"'
    office = open_office()
    office.sandbox.items.first(code="MUG-01")["salable"] = False
    item = office.connector.resolve_sku("MUG-01")
    asked = line(0, "10.00").model_copy(update={"item": item})
    with pytest.raises(Refused, match="not valid according to its domain") as refused:
        office.connector.create_order(office.draft(asked, tax="0"))
    assert [each.place for each in refused.value.fields] == ["Product"]
    assert office.sandbox.standing() == []


def test_a_session_ends_and_the_call_is_not_lost(open_office: Any) -> None:
    office = open_office(orders=3)
    assert len(office.orders()) == 3
    office.sandbox.expire_sessions()
    asked = office.sandbox.requests
    assert len(office.orders()) == 3
    assert office.sandbox.requests - asked == 3, "refused, logged in, asked again; once for all that follows"


def test_goods_taken_back_have_a_negative_quantity(open_office: Any) -> None:
    office = open_office(orders=1)
    sold = next(iter(office.sandbox.lines))
    office.sandbox.add(
        "sale.line", **{**sold, "id": 900, "quantity": Decimal(-1), "unit_price": Decimal("12.50")}
    )
    (order,) = office.orders()
    back = next(each for each in order.lines if each.id == "900")
    assert (back.quantity, back.amounts.net) == (1, Decimal("-12.50"))
    assert back.amounts.tax < 0
    assert order.findings == ()


def test_a_country_that_is_not_there_is_refused_a_subdivision_stands_behind_the_city(
    open_office: Any,
) -> None:
    office = open_office()
    nowhere = Address(line1="1", city="Praia", country="CV")
    with pytest.raises(NotFound, match="no country CV"):
        office.connector.create_order(office.draft(line(0, "1.00"), tax="0", billing=nowhere))
    leeds = Address(line1="1", city="Leeds", country="GB", region="West Yorkshire")
    office.connector.create_order(office.draft(line(0, "1.00"), tax="0", billing=leeds))
    assert [row["city"] for row in office.sandbox.addresses][-1] == "Leeds (West Yorkshire)"


def test_a_sale_that_the_server_never_finishes_hides_no_other(open_office: Any) -> None:
    office = open_office(orders=3)
    endless = next(row for row in office.sandbox.lines if row["sale"] == 2)
    taxes = [row["id"] for row in office.sandbox.taxes if row["rate"] in (Decimal("0.1"), Decimal("0.08875"))]
    office.sandbox.lines.change(endless, quantity=Decimal(1), unit_price=Decimal("0.03"), taxes=taxes)
    (page,) = office.connector.list_orders(OrderQuery())
    assert {order.id for order in page.orders} == {"1", "3"}
    assert [number for number, _ in page.unreadable] == ["2"]


def test_an_address_that_the_party_has_is_used_again(open_office: Any) -> None:
    office = open_office()
    before = len(office.sandbox.addresses)
    for last in "abc":
        office.connector.create_order(
            office.draft(line(0, "1.00"), tax="0", key=KEY[:-1] + last, customer_ref=CustomerRef(id="1"))
        )
    assert len(office.sandbox.addresses) == before + 1


def test_an_e_mail_address_is_found_in_any_case_and_taken_literally(
    open_office: Any, monkeypatch: Any
) -> None:
    office = open_office()
    made = office.connector.create_customer(Customer(email="Ann_B@Example.com", last_name="B"), "oc-1")
    searched: list[list[dict[str, Any]]] = []
    look = office.sandbox.shelf.search

    def watched(*asked: Any) -> Any:
        searched.append(look(*asked))
        return searched[-1]

    monkeypatch.setattr(office.sandbox.shelf, "search", watched)
    office.connector.create_customer(Customer(email="annxb@example.com", last_name="X"), "oc-2")
    assert office.connector.find_customer(Customer(email="ANN_B@example.com"), "oc-3") == made
    assert office.connector.find_customer(Customer(email="ann_b@example.com"), "oc-3") == made
    assert [row["name"] for row in searched[-1]] == ["B"]
    assert office.connector.find_customer(Customer(email="nn_b@example.com"), "oc-3") is None
    monkeypatch.setattr("ordersync_tryton.people._literal", lambda text: f"%{text}%")
    assert office.connector.find_customer(Customer(email="nn_b@example.com"), "oc-3") is None


def test_a_sale_is_quoted_then_confirmed_and_a_confirmed_one_is_not_cancelled(open_office: Any) -> None:
    office = open_office()
    placed = office.connector.create_order(office.draft(line(0, "1.00"), tax="0"))
    assert placed.state is PlacedState.DRAFT
    for _ in range(2):
        confirmed = office.connector.update_order(placed.ref, Confirm(), "x")
        assert (confirmed.state, confirmed.ref.number) == (PlacedState.CONFIRMED, "1")
    with pytest.raises(Refused, match="processing"):
        office.connector.update_order(placed.ref, Cancel(), "y")
    with pytest.raises(NotFound):
        office.connector.update_order(OrderRef(id="999"), Cancel(), "z")


def test_a_quotation_is_held_and_what_ordersync_made_says_so(open_office: Any) -> None:
    office = open_office()
    office.connector.create_order(office.draft(line(0, "1.00"), tax="0", note="Ring twice"))
    (order,) = office.orders()
    assert (order.key, order.status, order.number, order.note) == (
        KEY,
        OrderStatus.HELD,
        "draft 1",
        "Ring twice",
    )


def test_a_sale_has_a_day_and_no_time(open_office: Any) -> None:
    office = open_office()
    office.sandbox.companies.need(1)["timezone"] = "Asia/Tokyo"
    late = datetime(2026, 10, 20, 16, tzinfo=UTC)
    office.connector.create_order(office.draft(line(0, "1.00"), tax="0", placed_at=late))
    assert next(iter(office.sandbox.orders))["sale_date"] == date(2026, 10, 21)
    (order,) = office.orders()
    assert order.placed_at == datetime(2026, 10, 20, 15, tzinfo=UTC)


def test_what_is_promised_is_not_in_stock(open_office: Any) -> None:
    office = open_office()
    item = office.connector.resolve_sku("MUG-01")
    before = office.connector.check_stock(item)
    asked = line(0, "25.00", quantity="2").model_copy(update={"item": item})
    placed = office.connector.create_order(office.draft(asked, tax="0"))
    office.connector.update_order(placed.ref, Confirm(), "x")
    after = office.connector.check_stock(item)
    assert (before.available - after.available, list(after.by_location)) == (2, ["WH"])


def test_sales_that_are_made_and_cannot_be_read_back_are_in_doubt(open_office: Any, monkeypatch: Any) -> None:
    """Never "try later": that would say that nothing was done."""
    office = open_office()
    press, calls = office.sandbox.rpc, []

    def unwell(call: Any) -> Any:
        calls.append(call.fields["method"])
        if "model.sale.sale.create" in calls[:-1]:
            raise Fault(503, "unwell", "Try later")
        return press(call)

    monkeypatch.setattr(office.sandbox, "rpc", unwell)
    with pytest.raises(InDoubt):
        office.connector.create_order(office.draft(line(0, "1.00"), tax="0"))
    assert len(office.sandbox.standing()) == 1
