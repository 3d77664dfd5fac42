"""Between drafts and changes, and the documents that stand for them. Pure."""

from __future__ import annotations

from datetime import datetime

from ordersync import (
    ZERO,
    Cancel,
    Change,
    Confirm,
    Draft,
    DraftLine,
    FieldProblem,
    Fulfill,
    FulfillmentStatus,
    Item,
    LineKind,
    MarkPaid,
    OrderRef,
    OrderStatus,
    Payment,
    PaymentStatus,
    Placed,
    PlacedLine,
    PlacedState,
    Refused,
    SetStatus,
    Stock,
    Totals,
)
from ordersync_file.wire import CatalogueItem, Done, OrderDocument

__all__ = ["changed", "document_of", "item_of", "placed", "stock_of", "with_line"]

_KINDS: dict[type, str] = {
    Confirm: "confirm",
    Cancel: "cancel",
    SetStatus: "set_status",
    MarkPaid: "mark_paid",
    Fulfill: "fulfill",
}


def document_of(draft: Draft, now: datetime) -> OrderDocument:
    """The draft as a document; its totals are the sums of its lines."""
    return OrderDocument(
        id=draft.key, number=draft.number, totals=_totals(draft), order=draft, created_at=now
    )


def placed(document: OrderDocument) -> Placed:
    """How the document stands, as hooks answer it."""
    return Placed(
        ref=OrderRef(id=document.id, number=document.number),
        key=document.order.key,
        state=document.state,
        totals=document.totals,
        lines=tuple(PlacedLine(id=line.key, position=line.position) for line in document.order.lines),
    )


def with_line(document: OrderDocument, line: DraftLine) -> OrderDocument:
    """The document with one more line, in the order of positions."""
    lines = tuple(sorted((*document.order.lines, line), key=lambda found: found.position))
    order = document.order.model_copy(update={"lines": lines})
    return document.model_copy(
        update={"order": order, "totals": _totals(order), "revision": document.revision + 1}
    )


def changed(document: OrderDocument, change: Change, key: str, now: datetime) -> OrderDocument:
    """The document after a change; unchanged if this key was done before.

    Raises Refused if the order is cancelled and the change is anything else than that.
    """
    if any(done.key == key for done in document.changes):
        return document
    if document.state is PlacedState.CANCELLED and not isinstance(change, Cancel):
        raise Refused(
            "The order is cancelled; it is not changed any more.",
            fields=(FieldProblem("state", "is cancelled", "cancelled"),),
            remedy="Create the order anew if it is wanted after all.",
        )
    order = document.order
    update: dict[str, object] = {}
    match change:
        case Confirm():
            update["state"] = PlacedState.CONFIRMED
            if change.placed_at:
                order = order.model_copy(update={"placed_at": change.placed_at})
        case Cancel():
            update["state"] = PlacedState.CANCELLED
            order = order.model_copy(update={"status": OrderStatus.CANCELLED})
        case SetStatus():
            order = order.model_copy(update={"status": change.status})
            if change.status is OrderStatus.CANCELLED:
                update["state"] = PlacedState.CANCELLED
        case MarkPaid():
            order = order.model_copy(
                update={"payment_status": PaymentStatus.PAID, "payments": _payments(document, change)}
            )
        case Fulfill():
            sent = (*document.fulfillments, change.fulfillment)
            update["fulfillments"] = sent
            order = order.model_copy(
                update={"fulfillment_status": _fulfilment(document.model_copy(update={"fulfillments": sent}))}
            )
    done = Done(key=key, kind=_KINDS[type(change)], at=now, change=change.model_dump(mode="json"))
    return document.model_copy(
        update={
            **update,
            "order": order,
            "changes": (*document.changes, done),
            "revision": document.revision + 1,
        }
    )


def item_of(known: CatalogueItem) -> Item:
    """A product of the catalogue, as order lines need it."""
    return Item(
        sku=known.sku,
        product_id=known.product_id or known.sku,
        variant_id=known.variant_id,
        title=known.title,
        unit_price=known.unit_price,
        currency=known.currency,
        sellable=known.sellable,
        tracks_stock=known.stock is not None,
        requires_shipping=known.requires_shipping,
    )


def stock_of(known: CatalogueItem) -> Stock:
    """How many there are; in all where the catalogue names locations."""
    if isinstance(known.stock, dict):
        return Stock(available=sum(known.stock.values(), ZERO), by_location=known.stock)
    return Stock(available=known.stock)


def _totals(draft: Draft) -> Totals:
    net = sum((line.amounts.net for line in draft.lines), ZERO)
    tax = sum((line.amounts.tax for line in draft.lines), ZERO)
    return Totals(currency=draft.currency, net=net, tax=tax, total=net + tax)


def _payments(document: OrderDocument, change: MarkPaid) -> tuple[Payment, ...]:
    known = document.order.payments
    if change.transaction_id and any(one.transaction_id == change.transaction_id for one in known):
        return known
    amount = document.totals.total if change.amount is None else change.amount
    paid = Payment(amount=amount, gateway=change.gateway, transaction_id=change.transaction_id)
    return (*known, paid)


def _fulfilment(document: OrderDocument) -> FulfillmentStatus:
    """Fulfilled if a shipment has everything, or all of them every product; else partial."""
    if any(not sent.lines for sent in document.fulfillments):
        return FulfillmentStatus.FULFILLED
    for line in document.order.lines:
        if line.kind in (LineKind.ITEM, LineKind.CUSTOM) and line.requires_shipping:
            sent_so_far = sum((sent.lines.get(line.key, ZERO) for sent in document.fulfillments), ZERO)
            if sent_so_far < line.quantity:
                return FulfillmentStatus.PARTIAL
    return FulfillmentStatus.FULFILLED
