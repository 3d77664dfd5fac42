"""A run tells the collector of cycles to come seldom, and leaves it as it was."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import Ends, Erp

from ordersync.hookspecs import hookimpl
from ordersync.model import Draft, Placed
from ordersync.transfer.cycles import seldom_collecting


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 11, 12)
    yield
    gc.set_threshold(*before)


class Looking(Erp):
    """A target that looks at the collector with each create."""

    met: ClassVar[list[int]] = []

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        self.met.append(gc.get_threshold()[0])
        return super().create_order(draft)


def test_while_orders_pass_the_collector_comes_seldom() -> None:
    with closing(Ends(3, erp=Looking)) as ends:
        assert ends.sync().created == 3
    assert len(Looking.met) == 3
    assert min(Looking.met) > 700
    assert gc.get_threshold() == (700, 11, 12)


def test_the_last_one_out_puts_it_back() -> None:
    first, second = seldom_collecting(), seldom_collecting()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > 700
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 11, 12)


def test_an_error_puts_it_back() -> None:
    with pytest.raises(ZeroDivisionError), seldom_collecting():
        raise ZeroDivisionError
    assert gc.get_threshold() == (700, 11, 12)


@pytest.mark.parametrize("threshold", [0, 1_000_000])
def test_a_host_that_collects_never_or_less_is_left_alone(threshold: int) -> None:
    gc.set_threshold(threshold, 11, 12)
    with seldom_collecting():
        assert gc.get_threshold()[0] == threshold
    assert gc.get_threshold()[0] == threshold
