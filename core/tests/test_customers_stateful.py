"""What lies beside the orders in the ledger, under every order of events: watermarks, and customers that several workers
want to create."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ordersync.ledger import Ledger
from ordersync.model import CustomerRef
from ordersync.web import VirtualClock

ROUTE = "orders"
LEASE = timedelta(seconds=60)
KEYS = ("oc-1", "oc-2")

owners = st.sampled_from(["ann", "ben", "cas"])


class Aside(RuleBasedStateMachine):
    """Three workers; `holders` and `mark` are what must be true."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.ledger = Ledger("sqlite://", clock=self.clock)
        self.mark: datetime | None = None
        self.holders: dict[str, tuple[str, datetime]] = {}
        """Key → who may create it, and until when."""

    def teardown(self) -> None:
        self.ledger.close()

    def now(self) -> datetime:
        return self.clock.now()

    @rule(seconds=st.sampled_from([1, 59, 60, 61]))
    def time_passes(self, seconds: int) -> None:
        self.clock.sleep(seconds)

    @rule(owner=owners)
    def release_all(self, owner: str) -> None:
        self.ledger.release_all(owner)
        self.holders = {key: kept for key, kept in self.holders.items() if kept[0] != owner}

    @rule(back=st.integers(-100, 100))
    def move_watermark(self, back: int) -> None:
        to = self.now() + timedelta(seconds=back)
        self.ledger.move_watermark(ROUTE, to, "s")
        self.mark = to if self.mark is None else max(self.mark, to)

    @rule(owner=owners, keys=st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    def claim_customers(self, owner: str, keys: list[str]) -> None:
        for key, claim in self.ledger.claim_customers("erp", keys, owner=owner, lease=LEASE).items():
            if not claim.mine:
                continue
            assert claim.ref is None, "a customer that is known is nobody's to create"
            holder, until = self.holders.get(key, (owner, self.now()))
            assert holder == owner or until < self.now(), "two create one customer"
            self.holders[key] = (owner, self.now() + LEASE)

    @rule(
        owner=owners,
        key=st.sampled_from(KEYS),
        what=st.sampled_from(["refs", "sent", "looked", "unsent", "free"]),
    )
    def record_customer(self, owner: str, key: str, what: str) -> None:
        told: Any = {key: CustomerRef(id=f"C-{owner}")} if what == "refs" else [key]
        known = self.ledger.known_customers("erp", [key])
        lost = self.ledger.record_customers("erp", owner=owner, **{what: told})
        assert (key in lost) == (self.holders.get(key, ("", None))[0] != owner)
        if lost:
            assert self.ledger.known_customers("erp", [key]) == known, "a lost claim named a customer"
        elif what in ("refs", "unsent", "free"):
            del self.holders[key]
        if what == "refs" and not lost:
            assert self.ledger.known_customers("erp", [key]) == told

    @rule(key=st.sampled_from(KEYS))
    def forget_customer(self, key: str) -> None:
        self.ledger.forget_customer("erp", key)
        self.holders.pop(key, None)
        assert self.ledger.known_customers("erp", [key]) == {}

    @invariant()
    def the_watermark_never_goes_back(self) -> None:
        assert self.ledger.watermark(ROUTE) == self.mark


Aside.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, derandomize=True)
test_aside = Aside.TestCase
