"""`policies.window`: how many orders are worked on together. It changes what a commit holds, and nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from windows import Batches, OneByOne, World

from ordersync.ledger import Ledger, Outcome
from ordersync.model import Policies, Route
from ordersync.settings import settings_schema


def test_its_place_in_the_settings() -> None:
    schema = settings_schema()["$defs"]["Policies"]["properties"]["window"]
    assert (schema["default"], schema["minimum"], schema["maximum"]) == (100, 1, 1000)


def test_another_window_judges_no_order_differently() -> None:
    routes = [
        Route(name="orders", source="shop", target="erp", policies=Policies(window=size)) for size in (1, 500)
    ]
    assert routes[0].settings_hash == routes[1].settings_hash


@pytest.mark.parametrize("kind", [OneByOne, Batches])
@pytest.mark.parametrize(("window", "intents"), [(1, {5: 6}), (7, {10: 3}), (12, {15: 2}), (100, {30: 1})])
def test_so_many_are_intended_in_one_commit_and_a_page_is_never_split(
    kind: type[OneByOne], window: int, intents: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source gives pages of five."""
    sizes = Counter[int]()
    real = Ledger.record

    def record(self: Ledger, route: str, outcomes: Sequence[Outcome]) -> list[str]:
        if outcomes and outcomes[0].sent:
            sizes[len(outcomes)] += 1
        return real(self, route, outcomes)

    monkeypatch.setattr(Ledger, "record", record)
    world = World(kind, 30, window=window)
    assert world.transfer().sync().created == 30
    assert sizes == intents
    world.check_all_done()
    world.check_nothing_held()
    world.ledger.close()
