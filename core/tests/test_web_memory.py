"""What seldom changes is asked once, believed for a while, and forgotten when told to."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ordersync.web import Memory, VirtualClock

HOUR = timedelta(hours=1)


def test_it_is_believed_for_a_while() -> None:
    memory, clock, asked = Memory(), VirtualClock(), []

    def look() -> list[str]:
        asked.append(clock.now())
        return ["DE", "FR"]

    for _ in range(3):
        assert memory.once("countries", look, now=clock.now(), keep=HOUR) == ["DE", "FR"]
    clock.sleep(3599)
    memory.once("countries", look, now=clock.now(), keep=HOUR)
    assert len(asked) == 1
    clock.sleep(1)
    memory.once("countries", look, now=clock.now(), keep=HOUR)
    assert len(asked) == 2


def test_a_failure_is_not_remembered() -> None:
    memory, now = Memory(), VirtualClock().now()

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - what fails is the test's own
        memory.once("x", fail, now=now, keep=HOUR)
    assert memory.once("x", lambda: 7, now=now, keep=HOUR) == 7


def test_it_forgets_by_prefix() -> None:
    memory, now = Memory(), VirtualClock().now()
    for name in ("tax 1", "tax 2", "team 1"):
        memory.once(name, lambda: 1, now=now, keep=HOUR)
    memory.forget("tax")
    assert memory.once("tax 1", lambda: 2, now=now, keep=HOUR) == 2
    assert memory.once("team 1", lambda: 2, now=now, keep=HOUR) == 1
    memory.forget()
    assert memory.once("team 1", lambda: 3, now=now, keep=HOUR) == 3


def test_a_copy_is_apart() -> None:
    memory, now = Memory(), VirtualClock().now()
    memory.once("x", lambda: 1, now=now, keep=HOUR)
    twin = memory.copy()
    memory.forget()
    assert twin.once("x", lambda: 2, now=now, keep=HOUR) == 1
    assert repr(twin) == "Memory(1)"


def test_two_threads_look_once() -> None:
    memory, now, asked = Memory(), VirtualClock().now(), []
    inside = threading.Event()

    def look() -> int:
        asked.append(1)
        inside.wait(0.05)
        return 1

    threads = [threading.Thread(target=lambda: memory.once("x", look, now=now, keep=HOUR)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [1]
