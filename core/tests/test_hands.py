"""The threads of a run: in order, urgent things first, nothing begun once it is called off, none left over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from contextvars import ContextVar

import pytest

from ordersync.transfer.hands import Hands

WORD: ContextVar[str] = ContextVar("word", default="")


@pytest.fixture(params=[0, 1, 4])
def hands(request: pytest.FixtureRequest) -> Iterator[Hands]:
    with Hands(request.param) as made:
        yield made
    assert not [one for one in threading.enumerate() if one.name.startswith("ordersync")]


def test_answers_are_in_order(hands: Hands) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return -number

    assert hands.each(work, range(20)) == [-number for number in range(20)]
    assert hands.each(work, []) == []
    assert sorted(hands.as_done(work, range(20))) == [(number, -number) for number in range(20)]


def test_none_is_an_answer(hands: Hands) -> None:
    assert hands.each(lambda _: None, range(3)) == [None] * 3


def test_the_words_of_the_log_go_along(hands: Hands) -> None:
    token = WORD.set("here")
    try:
        assert set(hands.each(lambda _: WORD.get(), range(8))) == {"here"}
    finally:
        WORD.reset(token)


def test_what_is_raised_ends_it_and_waits_for_what_was_begun(hands: Hands) -> None:
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise LookupError(number)
        time.sleep(0.01)
        ended.append(number)

    with pytest.raises(LookupError):
        hands.each(work, range(100))
    assert len(begun) < 100
    assert sorted(ended) == sorted(set(begun) - {1})
    assert hands.each(lambda number: number, range(3)) == [0, 1, 2], "they go on with other things"


def test_when_nobody_wants_the_rest_nothing_further_is_begun(hands: Hands) -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        time.sleep(0.002)

    with closing(hands.as_done(work, range(1000))) as done:
        next(done)
    before = len(begun)
    time.sleep(0.01)
    assert len(begun) == before < 1000


def test_a_hand_that_asks_for_hands_does_it_itself(hands: Hands) -> None:
    assert hands.each(lambda tens: hands.each(lambda ones: 10 * tens + ones, range(3)), range(6)) == [
        [10 * tens + ones for ones in range(3)] for tens in range(6)
    ]


def test_no_more_are_at_work_than_there_are() -> None:
    at_work = most = 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.002)
        with lock:
            at_work -= 1

    with Hands(3) as hands:
        askers = [threading.Thread(target=hands.each, args=(work, range(12))) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert most == 3


def test_what_is_urgent_goes_before_what_is_not_begun() -> None:
    order: list[str] = []
    first, go = threading.Event(), threading.Event()

    def slow(number: int) -> None:
        first.set()
        assert go.wait(5)
        order.append(f"slow {number}")

    with Hands(1) as hands:
        slowly = threading.Thread(target=lambda: list(hands.as_done(slow, range(3))))
        slowly.start()
        assert first.wait(5)
        quickly = threading.Thread(target=hands.each, args=(lambda one: order.append(f"quick {one}"), [0, 1]))
        quickly.start()
        until = time.monotonic() + 5
        while len(hands._rounds) < 2 and time.monotonic() < until:
            time.sleep(0.001)
        go.set()
        quickly.join()
        slowly.join()
    assert order == ["slow 0", "quick 0", "quick 1", "slow 1", "slow 2"]
