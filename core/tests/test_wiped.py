"""What the ledger forgets of a buyer is gone from its file too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ordersync.ledger import Ledger, Outcome, Seen, State
from ordersync.model import OrderRef
from ordersync.web import VirtualClock

BUYER = b"robin.buyer@example.com"


def test_a_draft_that_is_no_longer_kept_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    clock, file = VirtualClock(), tmp_path / "ledger.db"
    ledger = Ledger(f"sqlite:///{file.as_posix()}", clock=clock)
    seen = [Seen(f"O{i}", f"#{i}", f"os-{i}", clock.now(), "print", "rules") for i in range(20)]
    lease = timedelta(minutes=2)
    claims = ledger.meet("orders", seen, owner="me", run="run", lease=lease).claims
    intents = [
        Outcome(claim, State.SENDING, payload=b'{"email":"%s"}' % BUYER, sent=True, keep=lease)
        for claim in claims
    ]
    assert not ledger.record("orders", intents)
    ledger.close()
    assert BUYER in file.read_bytes(), "while an order is sent, its draft is kept"

    ledger = Ledger(f"sqlite:///{file.as_posix()}", clock=clock)
    done = [Outcome(claim, State.DONE, target=OrderRef(id=f"T{claim.source_id}")) for claim in claims]
    assert not ledger.record("orders", done)
    ledger.close()
    assert BUYER not in file.read_bytes()
