"""The machinery behind quirks: switches with settings, carriers that strike requests, and the ways to break an answer."""

from __future__ import annotations

import random
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
from werkzeug.wrappers import Response

from ordersync.web import Clock

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "SERVED",
    "Broken",
    "Carrier",
    "Quirk",
    "QuirkClock",
    "Seen",
    "Setting",
    "Way",
    "counted",
    "made",
]

SERVED = "ordersync.served"
"""In the environment of a request that came through `serve`: then a connection can really be broken."""


@dataclass(frozen=True)
class Setting:
    """One thing that can be said about a quirk. Its value is a whole number, or a fraction if `fraction`, or one of
    `words`, or (without any of these) text."""

    default: str
    means: str
    least: int | None = None
    """Makes it a number, and says how small it may be."""
    fraction: bool = False
    words: tuple[str, ...] = ()

    def problem(self, value: str) -> str:
        """What is wrong with a value; empty if nothing is."""
        if self.words and value not in self.words:
            return f"is one of {', '.join(self.words)}"
        if self.least is None or value == self.default:
            return ""
        try:
            number = float(value) if self.fraction else int(value)
        except ValueError:
            return "is a number" if self.fraction else "is a whole number"
        return "" if self.least <= number < 1e9 else f"is at least {self.least}"


class Quirk:
    """One switch, on. Subclasses name it and say what can be set."""

    name: ClassVar[str] = ""
    settings: ClassVar[Mapping[str, Setting]] = {}
    told: ClassVar[tuple[str, ...]] = ()
    """Where people tell of it: addresses of public pages."""
    stops: ClassVar[str] = ""
    """Why no order arrives by itself while it is on, if that is so. `ordersync quality` then asks only that none stands
    twice and that somebody is told."""

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        """Raises ValueError for a setting that it does not have, or a value that does not fit."""
        self.value = value
        self._given = {key: setting.default for key, setting in self.settings.items()}
        self._said: set[str] = set()
        for part in filter(None, (part.strip() for part in value.split(","))):
            key, colon, text = part.partition(":")
            if not colon:
                key, text = next(iter(self.settings), ""), part
            if key not in self.settings:
                known = ", ".join(self.settings) or "none"
                raise ValueError(f"the quirk {self.name!r} has no setting {key!r}; known: {known}")
            problem = self.settings[key].problem(text)
            if problem:
                raise ValueError(f"the quirk {self.name!r}: {key} {problem}, not {text!r}")
            self._given[key] = text
            self._said.add(key)
        self.dice = random.Random(f"{seed} {self.name}")

    def text(self, key: str) -> str:
        """A setting as text."""
        return self._given[key]

    def whole(self, key: str) -> int:
        """A setting as a whole number; 0 if it was left out."""
        return int(self._given[key] or 0)

    def seconds(self, key: str) -> float:
        """A setting as seconds, or as whatever else has fractions."""
        return float(self._given[key] or 0)

    @classmethod
    def symptom(cls) -> str:
        """The first sentence of the docstring."""
        return " ".join((cls.__doc__ or "").split("\n\n")[0].split())

    @classmethod
    def story(cls) -> str:
        """The docstring behind its first sentence, as one paragraph."""
        return " ".join(" ".join((cls.__doc__ or "").split("\n\n")[1:]).split())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


@dataclass(frozen=True)
class Seen:
    """A request as quirks tell requests apart."""

    names: tuple[str, ...]
    """`POST /path`, `/path`, and the platform's own names of what is asked."""
    write: bool


@dataclass(frozen=True)
class Way:
    """What a carrier can do with a request."""

    clock: Clock
    deliver: Callable[[], Response]
    """Let the platform answer."""
    put_off: Callable[[float], None]
    """Let the platform do it so many seconds later, and tell nobody."""


def counted(on: str, **more: Setting) -> dict[str, Setting]:
    """The settings of a carrier that strikes `on` by default, and `more` of its own."""
    return {
        "first": Setting("1", "the first so many of them", least=1),
        "every": Setting("", "instead: every second, third …, by this number", least=1),
        "at": Setting("", "instead: only this one, counted from 1", least=1),
        "percent": Setting("", "instead: so many of a hundred, by the sandbox's seed", least=1),
        "on": Setting(
            on,
            "which requests count: `writes`, `reads`, `all`, or a pattern of `METHOD /path` or of the platform's own name"
            " of what is asked; several patterns are joined by `|`",
        ),
        **more,
    }


class Carrier(Quirk):
    """A quirk of the way to a platform and back; it strikes some requests, as counted."""

    settings: ClassVar[Mapping[str, Setting]] = counted("writes")
    COUNTING: ClassVar[tuple[str, ...]] = ("on", "first", "every", "at", "percent")
    """The settings that every carrier has: which requests are struck."""
    usually: ClassVar[str] = "first"
    """How requests are counted if nothing is said of it."""

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        super().__init__(value, seed=seed)
        self.matched = 0
        """Requests that matched so far."""
        self.struck = 0
        """Requests that were struck."""

    def matches(self, seen: Seen) -> bool:
        """Whether a request is of those that it counts."""
        on = self.text("on")
        if on in ("writes", "reads", "all"):
            return on == "all" or seen.write == (on == "writes")
        return any(fnmatchcase(name, pattern) for pattern in on.split("|") for name in seen.names)

    def strikes(self, seen: Seen, now: datetime) -> bool:  # noqa: ARG002 - some depend on the time
        """Count a request; whether this one is struck."""
        if not self.matches(seen):
            return False
        self.matched += 1
        how = next((key for key in ("at", "every", "percent", "first") if key in self._said), self.usually)
        number = self.whole(how)
        if how == "every":
            hit = self.matched % number == 0
        elif how == "at":
            hit = self.matched == number
        elif how == "percent":
            hit = self.dice.random() * 100 < number
        else:
            hit = self.matched <= number
        self.struck += hit
        return hit

    @abstractmethod
    def carry(self, way: Way) -> Response:
        """Answer a request that was struck. Raises Broken if the client gets no whole answer."""


class Broken(ConnectionError):
    """The client gets no answer, or the first half of one."""

    def __init__(self, how: str, half: Response | None = None) -> None:
        """`how` is `lost`, `reset` or `cut`; `half` is the whole answer of which the first half arrives."""
        super().__init__(how)
        self.how = how
        self.half = half

    def as_client_sees(self) -> httpx.TransportError:
        """What the client's library raises, for a client in this process."""
        if self.how == "lost":
            return httpx.ReadTimeout("the answer did not arrive")
        if self.how == "reset":
            return httpx.ReadError("connection reset by peer")
        return httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    def on_socket(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """What goes over a real connection; the rest is the request handler's, who catches this again."""
        if self.half is None:
            raise self
        body = self.half.get_data()
        self.half.headers["Content-Length"] = str(len(body))
        start_response(self.half.status, self.half.get_wsgi_headers(environ).to_wsgi_list())
        return self._first_half(body)

    def _first_half(self, body: bytes) -> Iterable[bytes]:
        yield body[: len(body) // 2]
        raise self


def made(
    platform: str, kinds: Iterable[type[Quirk]], wanted: Mapping[str, str], *, seed: int
) -> dict[str, Quirk]:
    """The quirks that are wanted, by name, in the order in which they were named.

    Raises ValueError for an unknown name, listing the known ones, and for a value that does not fit.
    """
    known = {kind.name: kind for kind in kinds}
    for name in wanted:
        if name not in known:
            raise ValueError(f"{platform} has no quirk {name!r}; known: {', '.join(sorted(known))}")
    return {name: known[name](value, seed=seed) for name, value in wanted.items()}


class QuirkClock:
    """A sandbox's clock: ahead of the one that it was given, and able to stand at a past moment for what was put off."""

    def __init__(self, clock: Clock, ahead: timedelta = timedelta(0)) -> None:
        self._clock = clock
        self._ahead = ahead
        self._mine = threading.local()

    @contextmanager
    def standing_at(self, moment: datetime) -> Iterator[None]:
        """For this thread it is `moment` until the block ends."""
        self._mine.moment = moment
        try:
            yield
        finally:
            self._mine.moment = None

    def now(self) -> datetime:
        """The platform's time, aware, UTC."""
        standing: datetime | None = getattr(self._mine, "moment", None)
        return standing or self._clock.now() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds; zero and less: not at all."""
        self._clock.sleep(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)
