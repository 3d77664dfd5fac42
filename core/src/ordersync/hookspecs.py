"""What a platform can be asked, and what extensions may shape or be told. Specifications only, no logic.

Rules for every hook of a connector:

- it is synchronous, and may be called from several threads at once, up to `facts.concurrency`;
- a hook that is absent means "cannot"; `None` means "not there"; an error says what to do (`ordersync.errors`);
- every write takes the key of what it does: the same key twice makes one thing where the platform allows it, and what
  was made can be found again by it;
- nothing recomputes money: what a source says is carried, what a target computed is answered in `Totals`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pluggy

from ordersync.model import (
    Account,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Decision,
    Delivery,
    DiscountCheck,
    Draft,
    DraftLine,
    Item,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Problem,
    Receipt,
    RunReport,
    Stock,
    Subscription,
    UpdateAsk,
)

__all__ = ["HOOK_API", "ConnectorSpecs", "ExtensionSpecs", "hookimpl"]

PROJECT = "ordersync"
HOOK_API = "1.0"
"""The version of these specifications; a minor step adds hooks or defaulted parameters, a major one breaks."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a method of a connector or an extension as the answer to the specification of the same name."""

_one = hookspec(firstresult=True)


class ConnectorSpecs:
    """The hooks of a connector. One plugin answers for one platform; `self` is the connector, built for one account."""

    @_one
    def check_access(self, thorough: bool = True) -> Account:  # type: ignore[empty-body]
        """Who are we there, and is everything in order?

        Called once at the start of every run, and `thorough` by `ordersync check`. Reads only. Answers the account's
        stable id, scopes, how far back history goes, when the API version is retired, what a person must set up, and
        the facts as this account sharpens them. Not `thorough`, it may leave out what takes many requests: rights and
        set-up are then found missing when they are needed.

        Raises AccessDenied (wrong credentials), Unreachable, UnexpectedReply.
        """

    @_one
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:  # type: ignore[empty-body]
        """The orders that match, page by page, oldest change first.

        Called by `sync`, `plan` and `reconcile`. The connector pushes down the filters that the platform has; leaving
        one out is slow, never wrong. Nested pages (lines of a long order) are fetched before the page is given out. A
        platform that cannot sort gives `safe_through` on its last page only. An order that cannot be read is named in
        `Page.unreadable`, never dropped.

        Raises AccessDenied, TryLater, UnexpectedReply.
        """

    @_one
    def get_order(self, order_id: str) -> Order | None:
        """One order by the platform's id; None if there is none.

        Called for `sync --order`, for events of webhooks, and to look at an order again. Never behind an index.
        """

    @_one
    def find_order(self, key: str) -> Placed | None:
        """The order that is stamped with this key, answered as `create_order` does; None if there is none.

        Called before anything is sent again, and on a new or rebuilt ledger before anything is sent at all. Hits are
        compared exactly. "Not there" may be wrong for `facts.index_lag` after a create; the caller waits.

        Raises Ambiguous if several orders carry the key.
        """

    @_one
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        """The platform's customer for this one; None if there is none.

        The ladder: the stamped key, then an id of ours if the platform keeps one, then the e-mail address, then the
        phone number. What a search answers is compared exactly before it counts.

        Raises Ambiguous if a rung gives several and nothing tells them apart.
        """

    @_one
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:  # type: ignore[empty-body]
        """Create the customer, stamping the key. Called after `find_customer` answered None, under a claim.

        Raises Refused with the platform's field problems, InDoubt if the answer was lost.
        """

    @_one
    def resolve_sku(self, sku: str) -> Item | None:
        """The platform's item of this SKU; None if there is none. Compared exactly, as the platform spells it.

        Raises Ambiguous with the candidates' ids if several active ones have it.
        """

    @_one
    def check_stock(self, item: Item) -> Stock | None:
        """How many of `item` can be sold now, in all and per location; None if the item is gone."""

    @_one
    def create_order(self, draft: Draft) -> Placed:  # type: ignore[empty-body]
        """Create the order, stamping `draft.key` where `find_order` looks and `draft.number` where people look.

        Called after the intent is committed. Where `facts.draft_first`, it is created unconfirmed. The answer names
        each line that was created by its position in the draft; the transfer adds the others by `add_line_item`.
        Totals are the platform's own, read back.

        Raises Refused (why, field by field), TryLater if nothing was done, InDoubt if that is not known: the answer was
        lost or cannot be read, or the order was made and reading it back failed, whatever that failure was.
        """

    @_one
    def add_line_item(self, ref: OrderRef, line: DraftLine, key: str) -> PlacedLine:  # type: ignore[empty-body]
        """Add one line to an order that stands, stamping `key` where lines can be stamped.

        Called for each line that `create_order` or `find_order` did not report.
        """

    @_one
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:  # type: ignore[empty-body]
        """Make one change: confirm, cancel, set status, mark paid, fulfil with tracking. Asked twice it does it once.

        Raises NotOffered for a kind of change that the platform does not know, Refused, InDoubt.
        """

    @_one
    def receive(self, delivery: Delivery) -> Receipt:  # type: ignore[empty-body]
        """Verify a webhook's signature over its raw bytes and say what happened. Makes no request.

        Raises AccessDenied if the signature does not verify, BadInput if the body cannot be read.
        """

    @_one
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:  # type: ignore[empty-body]
        """Have the platform call `address` (https) for these topics (`order.created`, `order.updated` …).

        Asked twice it makes one subscription per topic.
        """

    @_one
    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a subscription; one that is gone already is no error."""

    @_one
    def check_discount(self, code: str) -> DiscountCheck | None:
        """Whether a discount code could be used now; None if it is not known."""

    @_one
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:  # type: ignore[empty-body]
        """`find_customer` for many; answers are positional."""

    @_one
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:  # type: ignore[empty-body]
        """`create_customer` for many; answers are positional. An atomic batch that is refused raises BatchRefused."""

    @_one
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:  # type: ignore[empty-body]
        """`resolve_sku` for many; answers are positional."""

    @_one
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:  # type: ignore[empty-body]
        """`check_stock` for many; answers are positional."""

    @_one
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:  # type: ignore[empty-body]
        """`create_order` for many; answers are positional.

        Raises BatchRefused if an atomic batch was refused (nothing was made); InDoubt if the answer was lost, which
        puts every element in doubt.
        """

    @_one
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:  # type: ignore[empty-body]
        """`find_order` for many; answers are positional."""

    @_one
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:  # type: ignore[empty-body]
        """`get_order` for many; answers are positional."""

    @_one
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:  # type: ignore[empty-body]
        """`update_order` for many; answers are positional."""


class ExtensionSpecs:
    """The hooks of an extension. Shapers are pure and folded in declared order; listeners are told after the fact."""

    @hookspec
    def shape_order(self, order: Order) -> Order | None:
        """Change a source's order before anything is looked up; None leaves it as it is.

        Called for every order of a route, also by `plan`. The same order in gives the same order out.
        """

    @hookspec
    def shape_draft(self, draft: Draft, order: Order) -> Draft | None:
        """Change the draft before it is fitted and sent; None leaves it as it is. The key must stay."""

    @hookspec
    def settle_problem(self, order: Order, problem: Problem) -> Decision | None:
        """Decide about an order that cannot go on (unknown SKU, guest, stock …); the first answer in order wins.

        None leaves it to the next; if nobody answers the order is parked.
        """

    @hookspec
    def on_order_created(self, order: Order, placed: Placed) -> None:
        """The order now stands on the target, its totals agree, and this is recorded. What is raised hurts nobody."""

    @hookspec
    def on_order_updated(self, order: Order, placed: Placed, change: Change) -> None:
        """A change of the order was carried to the target."""

    @hookspec
    def on_order_parked(self, order: Order | None, source_id: str, problem: Problem) -> None:
        """The order waits for a person. `order` is None if it could not be read."""

    @hookspec
    def on_sync_finished(self, report: RunReport) -> None:
        """A run of a route ended, well or not."""
