"""The threads of a run: as many as the platforms like calls at once, for look-ups and for writes of all its windows."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

__all__ = ["Hands"]

A = TypeVar("A")
B = TypeVar("B")


class _Round(Generic[A, B]):
    """One piece of work on many elements; `begun` counts those that a hand has taken up."""

    def __init__(self, work: Callable[[A], B], elements: Sequence[A]) -> None:
        self.work = work
        self.elements = elements
        self.begun = 0
        self.context = contextvars.copy_context()
        self.answers: SimpleQueue[tuple[int, B] | BaseException] = SimpleQueue()

    def do(self, index: int) -> None:
        try:
            self.answers.put((index, self.context.copy().run(self.work, self.elements[index])))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that asked
            self.answers.put(error)


class Hands:
    """Up to `most` threads, started when there is something to do, ended together. Without any, whoever asks does
    everything, one after the other; so does a hand that asks for hands.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._rounds: deque[_Round[Any, Any]] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def rest(self) -> None:
        """End all threads, once each has done what it has begun."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def each(self, work: Callable[[A], B], elements: Sequence[A]) -> list[B]:
        """`work` on every element, answers in order. What it raises ends it."""
        answers: dict[int, B] = {}
        with closing(self.as_done(work, elements, urgent=True)) as done:
            answers.update(done)
        return [answers[index] for index in range(len(elements))]

    def as_done(
        self, work: Callable[[A], B], elements: Sequence[A], *, urgent: bool = False
    ) -> Generator[tuple[int, B], None, None]:
        """`work` on every element; index and answer, as they come. What is urgent goes before all that is not begun yet.

        What `work` raises is raised here. Then, and when the iterator is closed, nothing further is begun, and what was
        begun is waited for: use it within `contextlib.closing`.
        """
        if self.most < 1 or threading.current_thread() in self._threads:
            for index, element in enumerate(elements):
                yield index, work(element)
            return
        one = _Round(work, elements)
        answered = 0
        self._add(one, urgent)
        try:
            while answered < len(elements):
                answer = one.answers.get()
                answered += 1
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            for _ in range(self._call_off(one) - answered):
                one.answers.get()

    def _add(self, one: _Round[Any, Any], urgent: bool) -> None:
        with self._changed:
            if urgent:
                self._rounds.appendleft(one)
            else:
                self._rounds.append(one)
            waiting = sum(len(each.elements) - each.begun for each in self._rounds)
            for _ in range(min(waiting - self._idle, self.most - len(self._threads))):
                thread = threading.Thread(target=self._live, name=f"ordersync-hand-{len(self._threads)}")
                self._threads.append(thread)
                thread.start()
            self._changed.notify(len(one.elements))

    def _call_off(self, one: _Round[Any, Any]) -> int:
        """Begin nothing further of it; how many were begun."""
        with self._changed:
            if one in self._rounds:
                self._rounds.remove(one)
            return one.begun

    def _live(self) -> None:
        while (task := self._next()) is not None:
            one, index = task
            one.do(index)

    def _next(self) -> tuple[_Round[Any, Any], int] | None:
        with self._changed:
            while not self._rounds:
                if self._over:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            one = self._rounds[0]
            index = one.begun
            one.begun += 1
            if one.begun == len(one.elements):
                self._rounds.popleft()
            return one, index
