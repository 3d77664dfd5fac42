"""Whole journeys: orders of the reference platform become the store's, and the store's become orders there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Cancel,
    Fulfill,
    Fulfillment,
    FulfillmentStatus,
    InDoubt,
    LineKind,
    MarkPaid,
    MoneySet,
    NotFound,
    NotOffered,
    OrderQuery,
    OrderRef,
    OrderStatus,
    Payment,
    PaymentStatus,
    PlacedState,
    Policies,
    Refused,
    Route,
    SetStatus,
    Tracking,
)
from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.testing.contract import blows
from ordersync.testing.contract.wire import Strike
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.seeds import TAX_RATES
from ordersync.testing.trial import reference_orders
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access


@pytest.fixture
def between(open_desk: Any) -> Iterator[Any]:
    """A transfer between the reference platform and a desk; whichever has the orders is the source."""
    ledgers = []

    def build(desk: Any, store: ReferenceStore, *, to_store: bool) -> Transfer:
        reference = ReferenceConnector(ReferenceSettings(any_sku=True), Access(clock=desk.clock))
        reference._store = store
        ends = [
            Connection("reference", "reference", reference),
            Connection("bigcommerce", "bigcommerce", desk.connector),
        ]
        source, target = ends if to_store else ends[::-1]
        policies = Policies(money=MoneySet.PRESENTMENT, unknown_sku="custom_line")
        route = Route(name="orders", source="from", target="to", policies=policies)
        ledgers.append(Ledger("sqlite://", clock=desk.clock))
        return Transfer(
            route,
            source,
            target,
            ledgers[-1],
            Extensions([("rules", Rules(route))]),
            clock=desk.clock,
            workers=1,
        )

    yield build
    for ledger in ledgers:
        ledger.close()


def test_orders_of_another_platform_become_the_stores(open_desk: Any, between: Any) -> None:
    desk = open_desk()
    store = ReferenceStore(account="reference")
    store.orders = {order.id: order for order in reference_orders(9)}
    transfer = between(desk, store, to_store=True)
    report = transfer.sync()
    assert (report.created, report.parked, report.failed, report.totals_checked) == (9, 0, 0, 9)
    standing = desk.sandbox.standing()
    assert Counter(one.key for one in standing).most_common(1)[0][1] == 1
    by_number = {one.number: one for one in standing}
    for order in store.orders.values():
        found = by_number[order.number]
        assert (found.net, found.tax, found.total, found.placed_at) == (
            order.net,
            order.tax,
            order.total,
            order.placed_at.replace(microsecond=0),
        )
    mails = {order.email for order in store.orders.values()}
    assert len({one.customer for one in standing}) == len(mails)
    again = transfer.sync()
    assert (again.created, again.failed) == (0, 0)
    assert len(desk.sandbox.standing()) == 9


def test_the_stores_orders_become_another_platforms(open_desk: Any, between: Any) -> None:
    desk = open_desk(orders=40)
    store = ReferenceStore(account="reference")
    report = between(desk, store, to_store=False).sync()
    assert (report.seen, report.created, report.skipped, report.parked, report.failed) == (40, 38, 2, 0, 0)
    standing = {one.id: one for one in desk.sandbox.standing()}
    taxes = {
        (tax.title, tax.rate)
        for draft, _, _ in store.placed.values()
        for line in draft.lines
        for tax in line.amounts.taxes
    }
    assert taxes == {(title, rate) for title, rate, _, _ in TAX_RATES}
    for draft, state, positions in store.placed.values():
        one = standing[draft.source_id]
        assert (draft.expected.total, draft.expected.tax, draft.currency) == (
            one.total,
            one.tax,
            one.currency,
        )
        assert positions == {line.position for line in draft.lines}
        assert state is PlacedState.CONFIRMED


def test_orders_that_ordersync_made_are_not_sent_back(open_desk: Any, between: Any) -> None:
    desk = open_desk()
    store = ReferenceStore(account="reference")
    store.orders = {order.id: order for order in reference_orders(2)}
    between(desk, store, to_store=True).sync()
    other = ReferenceStore(account="other")
    report = between(desk, other, to_store=False).sync()
    assert report.created == 0
    assert other.placed == {}


def test_an_order_arrives_whole_and_reads_the_same(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    item = desk.connector.resolve_sku("TSHIRT-XL")
    made = draft(
        line(0, "59.98", "5.32", kind=LineKind.ITEM, item=item, sku=item.sku, quantity=Decimal(2)),
        line(1, "9.00"),
        line(2, "5.90", "0.52", kind=LineKind.SHIPPING, title="Standard"),
        line(3, "2.50", kind=LineKind.TIP, title="Tip"),
        line(4, "0.00", kind=LineKind.DUTY, title="Duty"),
        note="Please ring twice.",
        payment_status=PaymentStatus.PAID,
        payments=(Payment(amount=Decimal("83.22"), gateway="Stripe", transaction_id="ch_1"),),
    )
    placed = desk.connector.create_order(made)
    assert placed.totals == made.expected
    assert [(one.id.rstrip("0123456789"), one.position) for one in placed.lines] == [
        ("", 0),
        ("", 1),
        ("shipping", 2),
        ("fee-", 3),
        ("order", 4),
    ]
    order = desk.connector.get_order(placed.ref.id)
    assert order.key == made.key
    assert [(one.title, one.sku, one.quantity, one.custom) for one in order.lines] == [
        ("T-Shirt", "TSHIRT-XL", 2, False),
        ("Thing 1", None, 1, True),
    ]
    assert [(one.title, one.amounts.gross) for one in order.charges] == [
        ("Standard", Decimal("6.42")),
        ("Tip", Decimal("2.50")),
    ]
    assert (order.payment_status, order.note) == (PaymentStatus.PAID, "Please ring twice.")
    assert order.payments[0].transaction_id == "ch_1"
    assert order.placed_at == made.placed_at
    assert (order.billing.subdivision, order.billing.postcode) == ("NY", "10001")


def test_an_order_is_paid_shipped_and_cancelled_once_each(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    connector = desk.connector
    placed = connector.create_order(
        draft(line(0, quantity=Decimal(5)), line(1), payment_status=PaymentStatus.PENDING)
    )
    assert connector.get_order(placed.ref.id).payment_status is PaymentStatus.PENDING
    part = Fulfill(
        fulfillment=Fulfillment(
            tracking=(Tracking(number="1Z", carrier="UPS"), Tracking(number="2Z")),
            lines={placed.lines[0].id: Decimal(2)},
        )
    )
    rest = Fulfill(fulfillment=Fulfillment(tracking=(Tracking(carrier="Bike courier"),)))
    for gateway, number in (("Stripe", "ch_2"), ("Other", "ch_3")):
        connector.update_order(placed.ref, MarkPaid(gateway=gateway, transaction_id=number), "os-pay")
    (paid,) = connector.get_order(placed.ref.id).payments
    assert (paid.gateway, paid.transaction_id, paid.amount) == ("Stripe", "ch_2", 20)
    for change, key in ((part, "os-part"), (part, "os-part"), (rest, "os-rest"), (rest, "os-rest")):
        connector.update_order(placed.ref, change, key)
    order = connector.get_order(placed.ref.id)
    assert [dict(one.lines) for one in order.fulfillments] == [
        {placed.lines[0].id: 2},
        {placed.lines[0].id: 3, placed.lines[1].id: 1},
    ]
    assert order.fulfillments[0].tracking[0].carrier == "ups"
    assert order.fulfillment_status is FulfillmentStatus.FULFILLED
    with pytest.raises(Refused, match="nothing left"):
        connector.update_order(placed.ref, rest, "os-more")
    for _ in range(2):
        cancelled = connector.update_order(placed.ref, Cancel(reason="Lost"), "os-cancel")
    assert cancelled.state is PlacedState.CANCELLED
    assert [one.position for one in cancelled.lines] == [0, 1], "the marks outlive the note"
    assert connector.get_order(placed.ref.id).metadata["staff_notes"].startswith("Cancelled: Lost\n")


def test_a_shipment_whose_answer_was_lost_is_not_made_again(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft())
    ship = Fulfill(fulfillment=Fulfillment(tracking=(Tracking(number="1Z", carrier="UPS"),)))
    with desk.wire.striking(Strike(blows.lost(desk.clock), "writes")), pytest.raises(InDoubt):
        desk.connector.update_order(placed.ref, ship, "os-ship")
    desk.connector.update_order(placed.ref, ship, "os-ship")
    assert len(desk.connector.get_order(placed.ref.id).fulfillments) == 1


def test_statuses_are_set(open_desk: Any, draft: Any) -> None:
    connector = open_desk().connector
    placed = connector.create_order(draft())
    for status in (OrderStatus.HELD, OrderStatus.COMPLETED, OrderStatus.OPEN, OrderStatus.CANCELLED):
        connector.update_order(placed.ref, SetStatus(status=status), "os-s")
        assert connector.get_order(placed.ref.id).status is status


def test_what_cannot_be_changed(open_desk: Any, draft: Any) -> None:
    connector = open_desk().connector
    placed = connector.create_order(draft(shipping=None))
    with pytest.raises(NotOffered, match="part payment"):
        connector.update_order(placed.ref, MarkPaid(amount=Decimal(1)), "os-p")
    with pytest.raises(Refused, match="no shipping address"):
        connector.update_order(placed.ref, Fulfill(fulfillment=Fulfillment()), "os-f")
    half = Fulfill(fulfillment=Fulfillment(lines={placed.lines[0].id: Decimal("0.5")}))
    with pytest.raises(Refused, match="whole units"):
        connector.update_order(placed.ref, half, "os-f")
    with pytest.raises(NotFound):
        connector.update_order(OrderRef(id="5"), Cancel(), "os-c")


def test_reading_needs_few_requests(open_desk: Any) -> None:
    """One for an order's taxes; lines and addresses come with it, and the rest only where there is something."""
    desk = open_desk(orders=20)
    list(desk.connector.list_orders(OrderQuery()))
    counted = Counter(one.url.partition("?")[0].rpartition("/")[2] for one in desk.recorder.exchanges)
    assert counted["products"] == counted["shipping_addresses"] == 0
    assert counted["taxes"] < 20
    assert counted["coupons"] < 10
    assert counted["shipments"] == counted["refunds"] == counted["fees"] == 0
    assert counted["customers"] == 1
    assert counted["orders"] == 3
