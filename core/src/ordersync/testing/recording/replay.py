"""Answers requests from a recording: no account, no network.

replay = Replay.of("tests/recordings/orders.json")
connector = AcmeConnector(settings, Access(transport=replay, clock=replay.clock()))
…
replay.check()
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import httpx

from ordersync.errors import BadInput
from ordersync.testing.recording.bodies import body_of, body_sent, body_text
from ordersync.testing.recording.file import Answer, Asked, Exchange, Recording
from ordersync.testing.recording.matching import Difference, differences
from ordersync.web import VirtualClock

__all__ = ["VOLATILE", "NotRecorded", "Replay"]

VOLATILE = frozenset({"nonce", "oauth_nonce", "oauth_timestamp", "oauth_signature"})
"""Names whose values are another each time."""


class NotRecorded(BadInput):
    """A request that the recording does not know. The message shows the nearest one and the differences."""


class Replay(httpx.BaseTransport):
    """A transport: give it to `Access(transport=…)`. Thread-safe.

    `order`: with `"match"` a request gets the first answer not given yet whose request is the same; with `"strict"`
    the next one must be the same. Where the recording holds a stand-in, a request may bring something else, if no
    recorded request is the same in everything. With `exact` it may not: for replays of replays.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        order: Literal["match", "strict"] = "match",
        volatile: Collection[str] = VOLATILE,
        again: bool = False,
        exact: bool = False,
    ) -> None:
        """`volatile` are names of parameters and fields whose values are not compared. With `again` a read whose
        answers are used up gets its last one again."""
        self.recording = recording
        self.missed: list[str] = []
        """Requests that were not in the recording, as the errors told them."""
        self._order, self._volatile = order, frozenset(volatile)
        self._again, self._exact = again, exact
        self._used = [False] * len(recording.exchanges)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, path: str | Path, **options: object) -> Self:
        """From a file. Raises what `Recording.load` raises."""
        return cls(Recording.load(path), **options)  # type: ignore[arg-type]

    def clock(self) -> VirtualClock:
        """A clock that stands at the time of the recording, so that what is asked "since" is the same."""
        return VirtualClock(datetime.fromisoformat(self.recording.recorded))

    def unused(self) -> list[str]:
        """`GET /orders` … for each exchange that nobody has asked for."""
        with self._lock:
            pairs = zip(self.recording.exchanges, self._used, strict=True)
            return [_line(one.asked) for one, used in pairs if not used]

    def check(self) -> None:
        """Raises NotRecorded if a request was not in the recording, or if a part of the recording was never asked."""
        if self.missed:
            raise NotRecorded(self.missed[0])
        left = self.unused()
        if left:
            raise NotRecorded(
                f"{len(left)} recorded requests were never asked: {'; '.join(left[:5])}.",
                remedy="Cut them out of the recording, or ask for them.",
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer. Raises NotRecorded; or the httpx error that was recorded."""
        asked = _asked(request)
        with self._lock:
            place = self._place(asked)
            if place is None:
                told = self._miss(asked)
                self.missed.append(told)
                raise NotRecorded(told, remedy="Record again, or name what differs each time in `volatile`.")
            self._used[place] = True
            answer = self.recording.exchanges[place].answer
        if answer.error:
            raise getattr(httpx, answer.error)("as recorded", request=request)
        return self._response(answer, request)

    def _place(self, asked: Asked) -> int | None:
        exchanges = self.recording.exchanges
        free = [place for place, used in enumerate(self._used) if not used]
        if self._order == "strict":
            free = free[:1]
        found = {place: self._differences(exchanges[place], asked) for place in free}
        for loose in (False, True):
            for place, different in found.items():
                if not different or (loose and not self._exact and all(one.scrubbed for one in different)):
                    return place
        if self._again and asked.method in ("GET", "HEAD"):
            same = [place for place, one in enumerate(exchanges) if not self._differences(one, asked)]
            return same[-1] if same else None
        return None

    def _differences(self, exchange: Exchange, asked: Asked) -> list[Difference]:
        return differences(exchange.asked, asked, self._volatile)

    def _miss(self, asked: Asked) -> str:
        found: Sequence[tuple[int, int, bool, Exchange, list[Difference]]] = sorted(
            (
                (
                    sum(one.place in ("method", "path") for one in different),
                    sum(not one.scrubbed for one in different),
                    used,
                    exchange,
                    different,
                )
                for used, exchange in zip(self._used, self.recording.exchanges, strict=True)
                for different in [self._differences(exchange, asked)]
            ),
            key=lambda one: one[:3],
        )
        said = f"{_line(asked)} is not in the recording of {self.recording.platform}"
        if not found:
            return f"{said}, which is empty."
        _, _, used, nearest, different = found[0]
        which = f"{said}. The nearest is {_line(nearest.asked)}"
        told = "".join(f"\n  {one}" for one in different if not one.scrubbed or self._exact)
        if used and not told:
            return f"{which}, whose answer was given already."
        if not told:
            return f"{which}, but it is not the next one."
        return f"{which}{', given already' if used else ''}:{told}"

    def _response(self, answer: Answer, request: httpx.Request) -> httpx.Response:
        """Links lead back to whoever asked: the recorded origin gives way to the one that was asked."""
        asked = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        content = body_sent(answer.body)
        headers = list(answer.headers)
        for origin in self.recording.origins[:1]:
            content = content.replace(origin.encode(), asked.encode())
            content = content.replace(origin.replace("/", "\\/").encode(), asked.encode())
            headers = [(name, value.replace(origin, asked)) for name, value in headers]
        headers = [(name, _in_utf8(value) if name == "content-type" else value) for name, value in headers]
        return httpx.Response(answer.status, headers=headers, content=content, request=request)


def _asked(request: httpx.Request) -> Asked:
    content_type = request.headers.get("content-type", "")
    headers = (("content-type", content_type),)
    return Asked(
        method=request.method,
        path=request.url.raw_path.partition(b"?")[0].decode("ascii"),
        query=tuple(request.url.params.multi_items()),
        body=body_of(request.read(), body_text(headers)),
    )


def _in_utf8(content_type: str) -> str:
    kind, charset, _ = content_type.partition("charset=")
    return f"{kind}{charset}utf-8" if charset else content_type


def _line(asked: Asked) -> str:
    return f"{asked.method} {asked.path}"
