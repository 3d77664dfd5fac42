"""The drawn state machine is the one that the ledger keeps to."""

from __future__ import annotations

from pathlib import Path

from ordersync.ledger import STEPS, State

DRAWN = Path(__file__).resolve().parents[2] / "docs" / "states.md"


def test_the_drawing_is_the_code() -> None:
    steps = [line.strip() for line in DRAWN.read_text("utf-8").splitlines() if "-->" in line]
    assert steps == ["[*] --> seen", *(f"{a} --> {b}: {why}" for (a, b), why in STEPS.items())]


def test_every_state_is_reached_and_left() -> None:
    assert {after for _, after in STEPS} | {State.SEEN} == set(State)
    assert set(State) - {before for before, _ in STEPS} == set()
