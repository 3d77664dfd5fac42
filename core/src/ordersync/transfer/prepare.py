"""From a source's order to a draft that fits, or to the reason why there is none. Shared by `plan` and `sync`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Seen, fingerprint
from ordersync.model import (
    Customer,
    CustomerAsk,
    CustomerRef,
    Decision,
    Draft,
    Item,
    Line,
    Order,
    Problem,
    Route,
    customer_key,
    operation_key,
    order_key,
)
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import Unfit, fit
from ordersync.transfer.resolve import Resolver, Wait

__all__ = ["Expect", "Prepared", "Preparer", "print_of"]


@dataclass
class Prepared:
    """One order on its way: what became of it so far."""

    order: Order
    key: str
    print: str = ""
    """Fingerprint of the source's order as it came."""
    verdict: Literal["go", "skip", "park", "wait", "moved"] = "go"
    """`moved`: a fact of the plan that is carried out no longer holds."""
    problem: Problem | None = None
    """The first that was met."""
    others: tuple[Problem, ...] = ()
    """What else is in its way."""
    wait: Wait | None = None
    draft: Draft | None = None
    customer: CustomerAsk | None = None
    items: dict[str, Item] = field(default_factory=dict)
    remembered: bool = False
    """One of the items was not looked up in this run: a refusal may rest on that, and the order deserves another try."""

    def take(self, sku: str, item: Item, *, remembered: bool) -> None:
        """`item` stands for `sku`."""
        self.items[sku] = item
        self.remembered = self.remembered or remembered

    def stop(self, verdict: Literal["skip", "park"], problem: Problem) -> None:
        """It goes no further. What parks it besides is kept, so that a person can mend everything at once."""
        if self.verdict == "park" == verdict and self.problem is not None:
            known = {(one.code, one.subject) for one in (self.problem, *self.others)}
            if (problem.code, problem.subject) not in known:
                self.others += (problem,)
            return
        self.verdict = verdict
        self.problem = problem

    def move(self, what: str) -> None:
        """It is not as it was planned."""
        self.verdict = "moved"
        self.problem = Problem(
            code="plan_moved", message=what, remedy="Make a new plan; nothing was sent for this order."
        )


_CUSTOMER_HOOKS = frozenset({"find_customer", "find_customers", "create_customer", "create_customers"})
"""A target that offers none of these has no customer records: the draft itself says who bought."""


class Expect(Protocol):
    """What a plan expected; each question answers what moved since, or nothing."""

    def before(self, one: Prepared, stock: Mapping[str, Decimal | None]) -> str:
        """In the source's order or its items."""

    def customer(self, one: Prepared, found: CustomerRef | None) -> str:
        """In who the customer is."""


class Preparer:
    """Works on orders of one route. Makes no write; asks the target through the resolver only."""

    def __init__(
        self, route: Route, source: Connection, target: Connection, extensions: Extensions, resolver: Resolver
    ) -> None:
        self._route = route
        self._settings_hash = route.settings_hash
        self._source = source
        self._target = target
        self._extensions = extensions
        self._resolver = resolver

    def key_of(self, source_id: str) -> str:
        """The key of this source's order."""
        return order_key(self._source.platform, self._source.account.id, source_id)

    def shape(self, order: Order) -> Prepared:
        """Shape, choose the money set, filter, and check that the order adds up."""
        prepared = Prepared(self._extensions.shape_order(order), self.key_of(order.id), print_of(order))
        order = prepared.order
        why = self._refused_by_filters(order)
        if why:
            prepared.stop("skip", Problem(code="filtered", message=why))
            return prepared
        if order.other is not None and order.other.currency != order.currency:
            if self._route.policies.money is None:
                prepared.stop(
                    "park",
                    Problem(
                        code="money_set",
                        message=f"the order has amounts in {order.currency} and in {order.other.currency}",
                        remedy='Set the route\'s policies.money to "shop" or "presentment".',
                    ),
                )
                return prepared
            prepared.order = order = order.in_set(self._route.policies.money)
        differ = next((found for found in order.findings if found.code == "source_totals_differ"), None)
        if differ:
            problem = Problem(
                code=differ.code,
                message=differ.message,
                remedy="Look at the order in the source: a part is missing there, or its total is wrong.",
                place=differ.place,
            )
            if self._settled(prepared, problem).action != "go_on":
                return prepared
        if not order.lines:
            prepared.stop("park", Problem(code="no_lines", message="the order has no lines"))
            return prepared
        currencies = self._target.facts.currencies
        if currencies is not None and order.currency not in currencies:
            prepared.stop(
                "park",
                Problem(
                    code="currency",
                    message=f"the target cannot hold orders in {order.currency}",
                    remedy="Set the currency up there.",
                    subject=order.currency,
                ),
            )
        return prepared

    def seen(self, order: Order, key: str, print: str | None = None) -> Seen:
        """What the ledger records of a source's order as it came; `print` is its fingerprint, if known."""
        content = print or print_of(order)
        return Seen(order.id, order.number, key, order.updated_at, content, self._settings_hash)

    def look_up(self, orders: Sequence[Prepared], expect: Expect | None = None) -> None:
        """Find items, stock and customers for all that go, each distinct one once. What a plan expected otherwise
        goes no further, before any customer is created."""
        going = [one for one in orders if one.verdict == "go"]
        self._resolver.look_up_skus({line.sku for one in going for line in one.order.lines if line.sku})
        for one in going:
            self._match_items(one)
        going = [one for one in going if one.verdict == "go"]
        if self._route.policies.stock == "park":
            self._resolver.look_up_stock([item for one in going for item in one.items.values()])
            for one in going:
                self._check_stock(one)
        for one in going:
            if one.verdict == "go":
                self._ask_for_customer(one)
        if expect:
            self._compare(expect, [one for one in going if one.verdict == "go"])
        self._resolver.settle_customers(
            one.customer for one in going if one.verdict == "go" and one.customer is not None
        )

    def _compare(self, expect: Expect, going: Sequence[Prepared]) -> None:
        found = self._resolver.peek([one.customer for one in going if one.customer])
        for one in going:
            moved = expect.before(one, self._resolver.stocks(one.items.values()))
            if not moved and one.customer and one.customer.key in found:
                moved = expect.customer(one, found[one.customer.key])
            if moved:
                one.move(moved)

    def draft(self, one: Prepared) -> None:
        """Make the draft, shape it and fit it."""
        ref: CustomerRef | None = None
        if one.customer is not None:
            found = self._resolver.customer(one.customer.key)
            if isinstance(found, Wait):
                one.verdict, one.wait = "wait", found
                return
            if isinstance(found, Problem):
                if self._settled(one, found).action == "as_guest":
                    found = None
                else:
                    return
            ref = found
        draft = make_draft(
            one.order, key=one.key, platform=self._source.platform, items=one.items, customer=ref
        )
        try:
            draft = self._extensions.shape_draft(draft, one.order)
            one.draft = fit(draft, self._target.facts, adjustment=self._route.policies.adjustment)
        except Unfit as unfit:
            self._settled(one, unfit.problem)

    def _refused_by_filters(self, order: Order) -> str:
        filters = self._route.filters
        if order.key is not None:
            return "it was made by ordersync"
        if order.test and not filters.test_orders:
            return "it is a test order"
        if order.status not in filters.statuses:
            return f"its status is {order.status}"
        if filters.payment_statuses is not None and order.payment_status not in filters.payment_statuses:
            return f"its payment is {order.payment_status}"
        if (
            filters.fulfillment_statuses is not None
            and order.fulfillment_status not in filters.fulfillment_statuses
        ):
            return f"its fulfilment is {order.fulfillment_status}"
        if filters.currencies is not None and order.currency not in filters.currencies:
            return f"its currency is {order.currency}"
        if filters.tags is not None and not filters.tags & set(order.tags):
            return "it has none of the route's tags"
        if filters.placed_from is not None and order.placed_at < filters.placed_from:
            return f"it was placed before {filters.placed_from.date()}"
        return ""

    def _settled(self, one: Prepared, problem: Problem) -> Decision:
        """Ask the extensions about a problem; whatever does not let the order go on stops it."""
        decision = self._extensions.settle_problem(one.order, problem) or Decision(action="park")
        if decision.action == "skip":
            one.stop("skip", problem)
        elif decision.action == "park":
            one.stop("park", problem)
        return decision

    def _match_items(self, one: Prepared) -> None:
        """Every line's item. All lines are looked at, whatever the first one is: each problem counts."""
        lines, changed = [], False
        for i, line in enumerate(one.order.lines):
            kept = self._match(one, line, f"/lines/{i}")
            if kept is not None:
                lines.append(kept)
                changed = changed or kept is not line
            elif one.verdict in ("skip", "wait"):
                return
        if changed and one.verdict == "go":
            one.order = one.order.model_copy(update={"lines": tuple(lines)})

    def _match(self, one: Prepared, line: Line, place: str) -> Line | None:
        """The line with its item found, or as a custom line; None if the order cannot go on with it."""
        if line.sku is None:
            if line.custom:
                return self._custom(one, line, place)
            problem = Problem(
                code="missing_sku",
                message=f"the line {line.title!r} has a product without a SKU",
                remedy="Give the product a SKU in the source.",
                place=place,
                subject=line.product_id or line.id,
            )
            sku = ""
        else:
            sku = line.sku
            found = self._resolver.item(sku)
            if isinstance(found, Wait):
                one.verdict, one.wait = "wait", found
                return None
            if isinstance(found, Item):
                one.take(sku, found, remembered=self._resolver.remembers(sku))
                return line
            problem = found.model_copy(update={"place": place})
        decision = self._settled(one, problem)
        if decision.action == "as_custom_line":
            return self._custom(one, line.model_copy(update={"sku": None, "custom": True}), place)
        if decision.action == "use_item" and decision.sku:
            self._resolver.look_up_skus([decision.sku])
            found = self._resolver.item(decision.sku)
            if isinstance(found, Item):
                one.take(decision.sku, found, remembered=self._resolver.remembers(decision.sku))
                return line.model_copy(update={"sku": decision.sku})
        if decision.action not in ("skip", "park"):
            one.stop("park", problem)
        return None

    def _custom(self, one: Prepared, line: Line, place: str) -> Line | None:
        if self._target.facts.custom_lines:
            return line
        problem = Problem(
            code="custom_line",
            message=f"the target takes no line without an item ({line.title!r})",
            remedy="Let an extension settle it with an item to use.",
            place=place,
        )
        decision = self._settled(one, problem)
        if decision.action == "use_item" and decision.sku:
            self._resolver.look_up_skus([decision.sku])
            found = self._resolver.item(decision.sku)
            if isinstance(found, Item):
                one.take(decision.sku, found, remembered=self._resolver.remembers(decision.sku))
                return line.model_copy(update={"sku": decision.sku, "custom": False})
        if decision.action not in ("skip", "park"):
            one.stop("park", problem)
        return None

    def _check_stock(self, one: Prepared) -> None:
        for i, line in enumerate(one.order.lines):
            item = one.items.get(line.sku or "")
            stock = self._resolver.stock(item) if item else None
            if item is None or stock is None or stock.available is None or stock.available >= line.quantity:
                continue
            problem = Problem(
                code="out_of_stock",
                message=f"{line.quantity} of {item.sku!r} are ordered, {stock.available} can be sold",
                remedy='Receive stock, or set the route\'s policies.stock to "ignore".',
                place=f"/lines/{i}",
                subject=item.sku,
            )
            if self._settled(one, problem).action == "skip":
                return

    def _ask_for_customer(self, one: Prepared) -> None:
        if self._target.facts.guests and not _CUSTOMER_HOOKS & self._target.offers:
            return
        order = one.order
        guests = self._route.policies.guests
        guest = order.customer is None or order.customer.guest
        if guest and guests != "create":
            if guests == "without" and self._target.facts.guests:
                return
            problem = Problem(
                code="guest",
                message="the buyer has no account with the source",
                remedy='Set the route\'s policies.guests to "create".',
            )
            if guests == "without":
                problem = problem.model_copy(
                    update={
                        "message": "the target takes no order without a customer, and the route makes none"
                    }
                )
            decision = self._settled(one, problem)
            if decision.action not in ("as_guest", "go_on"):
                return
            if self._target.facts.guests:
                return
        customer = order.customer or Customer()
        email = customer.email or order.email
        address = customer.address or order.billing or order.shipping
        phone = customer.phone or order.phone or (address.phone if address else None)
        known: dict[str, object] = {"email": email, "phone": phone, "address": address}
        known["company"] = customer.company or order.company
        if address is not None and not customer.name:
            known |= {"first_name": address.first_name, "last_name": address.last_name}
        if any(value is not getattr(customer, field) for field, value in known.items()):
            customer = customer.model_copy(update=known)
        if customer.id or email:
            key = customer_key(
                self._source.platform, self._source.account.id, customer_id=customer.id, email=email
            )
        else:
            key = operation_key(one.key, "customer")
        one.customer = CustomerAsk(customer, key)


def print_of(order: Order) -> str:
    """Fingerprint of what a source says of an order; its date of change does not count."""
    return fingerprint(order.model_dump_json(exclude={"updated_at"}).encode())
