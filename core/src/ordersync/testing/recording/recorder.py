"""Records a live exchange. What is secret or personal is held in memory only; the file never sees it.

recorder = Recorder("acme", settings=settings)
connector = AcmeConnector(settings, Access(transport=recorder.transport()))
…
recorder.recording().save("tests/recordings/orders.json")
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel, SecretBytes, SecretStr

from ordersync.errors import BadInput, FieldProblem
from ordersync.testing.recording.addresses import scrubbed_address
from ordersync.testing.recording.bodies import body_of, body_text, scrubbed_body
from ordersync.testing.recording.file import Answer, Asked, Exchange, Recording, Replaced
from ordersync.testing.recording.kinds import Kind
from ordersync.testing.recording.leaks import leaks_of
from ordersync.testing.recording.places import Places, changed_in
from ordersync.testing.recording.rules import Rules
from ordersync.testing.recording.scrubber import Scrubber
from ordersync.web import Clock, SystemClock

if TYPE_CHECKING:
    from ordersync.model import Facts

__all__ = ["Recorder", "record"]

_OF_THE_WAY = frozenset(
    "content-encoding transfer-encoding content-length connection keep-alive host".split()
)
"""Headers about how the bytes travelled; a replay makes its own."""
_PLAIN_HEADERS = frozenset(
    """accept accept-charset accept-encoding accept-language allow cache-control content-language content-type date etag
    expires last-modified pragma retry-after server user-agent vary via""".split()
)
"""Headers that speak of software and formats."""


class Recorder:
    """Records what goes through its transport. Thread-safe; one per connection."""

    def __init__(
        self,
        platform: str,
        *,
        settings: BaseModel | None = None,
        facts: Facts | None = None,
        rules: Rules | None = None,
        scrubber: Scrubber | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`settings` are the connection's: their secrets must not be seen anywhere. `facts` tell the API version.

        Connections of one transfer share a `scrubber`, so that one value gets one stand-in in all their recordings;
        it has its own rules then.
        """
        self.platform = platform
        self.scrubber = scrubber or Scrubber(rules)
        self._settings = settings
        self._api_version = facts.api_version if facts and facts.api_version else ""
        self._began = (clock or SystemClock()).now()
        self._raw: list[tuple[str, Exchange]] = []
        self._lock = threading.Lock()
        if settings is not None:
            for secret in _secrets_of(settings):
                self.scrubber.known.secret(secret)
            self.scrubber.value(_plain(settings))

    def transport(self, way: httpx.BaseTransport | None = None) -> httpx.BaseTransport:
        """For `Access(transport=…)`: sends through `way` (by default to the real network, without proxies of the
        environment) and records."""
        return _Recording(self, way or httpx.HTTPTransport())

    def recording(self) -> Recording:
        """What was recorded by now, scrubbed.

        Raises BadInput if something that is known to be secret or personal would still be in the file; it names the
        kind and the exchange.
        """
        with self._lock:
            raw = list(self._raw)
        counts: Counter[tuple[str, str]] = Counter()
        exchanges = [self._scrubbed(exchange, counts) for _, exchange in raw]
        settings = self.scrubber.value(_plain(self._settings)) if self._settings is not None else {}
        origins = dict.fromkeys(self.scrubber.address(origin) for origin, _ in raw)
        made = Recording(
            platform=self.platform,
            exchanges=tuple(exchanges),
            api_version=self._api_version,
            connector=_distribution_of(self.platform),
            core=metadata.version("ordersync"),
            recorded=self._began.astimezone(UTC).isoformat(timespec="seconds"),
            origins=tuple(origins),
            settings=settings,
            replaced=tuple(Replaced(k, place, n) for (k, place), n in sorted(counts.items())),
        )
        leaks = leaks_of(made, self.scrubber.known)
        if leaks:
            raise BadInput(
                "This recording would give something away.",
                problems=tuple(FieldProblem(place, f"a {kind} still stands there") for place, kind in leaks),
                remedy="Add a rule for the field, or a pattern.",
            )
        return made

    def keep(self, origin: str, exchange: Exchange) -> None:
        """Hold one exchange as it went, and learn from it."""
        self.scrubber.address(origin)
        self._scrubbed(exchange, Counter())
        with self._lock:
            self._raw.append((origin, exchange))

    def _scrubbed(self, exchange: Exchange, counts: Counter[tuple[str, str]]) -> Exchange:
        asked, answer, scrubber = exchange.asked, exchange.answer, self.scrubber
        path = scrubbed_address(asked.path, scrubber, (), None)
        if path != asked.path:
            counts[Kind.NAME.value, "request path"] += 1
        query = scrubber.pairs(asked.query, (), Places("query", "request", counts))
        body = scrubbed_body(asked.body, scrubber, Places("body", "request", counts))
        scrubbed = ["path"] if path != asked.path else []
        scrubbed += [f"query:{new[0]}" for old, new in zip(asked.query, query, strict=True) if old != new]
        scrubbed += changed_in(asked.body, body)
        return Exchange(
            Asked(
                method=asked.method,
                path=path,
                query=tuple(query),
                headers=self._headers(asked.headers, "request", counts),
                body=body,
                scrubbed=tuple(dict.fromkeys(scrubbed)),
            ),
            Answer(
                status=answer.status,
                headers=self._headers(answer.headers, "response", counts),
                body=scrubbed_body(answer.body, scrubber, Places("body", "response", counts)),
                error=answer.error,
            ),
        )

    def _headers(
        self, headers: Sequence[tuple[str, str]], side: str, counts: Counter[tuple[str, str]]
    ) -> tuple[tuple[str, str], ...]:
        made = []
        for name, value in headers:
            notes = Places("header", side, counts)
            if name in ("cookie", "set-cookie"):
                shown, kind = self._cookie(value), Kind.SECRET
            elif name in ("link", "location", "content-location"):
                shown, kind = self._links(value), Kind.HOST
            elif name in _PLAIN_HEADERS:
                shown, kind = self.scrubber.known.out(value, words=False), Kind.SECRET
            else:
                shown, kind = self.scrubber.text(value, (name,), notes), None
            if kind and shown != value:
                notes.replaced(kind, (name,))
            made.append((name, shown))
        return tuple(made)

    def _links(self, value: str) -> str:
        if "<" not in value:
            return self.scrubber.address(value)
        parts = value.split("<")
        made = [parts[0]]
        for part in parts[1:]:
            url, close, rest = part.partition(">")
            made.append(f"{self.scrubber.address(url)}{close}{rest}")
        return "<".join(made)

    def _cookie(self, value: str) -> str:
        """Names and attributes stay: a session is recognised by them."""
        made = []
        for part in value.split(";"):
            name, equals, text = part.partition("=")
            known = name.strip().lower() in ("path", "expires", "max-age", "samesite", "version")
            if name.strip().lower() == "domain":
                made.append(f"{name}={self.scrubber.known.host(text.strip().lstrip('.'))}")
            elif equals and text and not known:
                made.append(f"{name}={self.scrubber.known.secret(text)}")
            else:
                made.append(part)
        return ";".join(made)


@contextmanager
def record(path: str | Path, platform: str, **options: Any) -> Iterator[Recorder]:
    """Record until the block ends, and write the file if it ends well. Options as for `Recorder`."""
    recorder = Recorder(platform, **options)
    yield recorder
    recorder.recording().save(path)


class _Recording(httpx.BaseTransport):
    def __init__(self, recorder: Recorder, way: httpx.BaseTransport) -> None:
        self._recorder, self._way = recorder, way

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send on, read the answer whole, keep both."""
        sent = request.read()
        headers = _headers_of(request.headers)
        url = request.url
        asked = Asked(
            method=request.method,
            path=url.raw_path.partition(b"?")[0].decode("ascii"),
            query=tuple(url.params.multi_items()),
            headers=headers,
            body=body_of(sent, body_text(headers)),
        )
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        try:
            response = self._way.handle_request(request)
            try:
                content = _content(response)
            finally:
                response.close()
        except httpx.TransportError as error:
            self._recorder.keep(origin, Exchange(asked, Answer(error=type(error).__name__)))
            raise
        answered = _headers_of(response.headers)
        answer = Answer(response.status_code, answered, body_of(content, body_text(answered)))
        self._recorder.keep(origin, Exchange(asked, answer))
        passed = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_WAY]
        return httpx.Response(response.status_code, headers=passed, content=content)

    def close(self) -> None:
        """Close the way."""
        self._way.close()


def _content(response: httpx.Response) -> bytes:
    """The decompressed body, of a transport's response that has not been read."""
    return b"".join(response.iter_bytes())


def _headers_of(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((n.lower(), v) for n, v in headers.multi_items() if n.lower() not in _OF_THE_WAY))


def _plain(settings: BaseModel) -> dict[str, Any]:
    def shown(value: Any) -> Any:
        match value:
            case SecretStr() | SecretBytes():
                secret = value.get_secret_value()
                return secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
            case BaseModel():
                return {name: shown(getattr(value, name)) for name in type(value).model_fields}
            case dict():
                return {str(name): shown(part) for name, part in value.items()}
            case list() | tuple() | set() | frozenset():
                return [shown(part) for part in value]
            case str() | int() | bool() | None:
                return value
            case _:
                return str(value)

    told = settings.model_dump(mode="json", exclude_unset=True)
    return {name: shown(getattr(settings, name)) for name in told}


def _secrets_of(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case SecretBytes():
            yield value.get_secret_value().decode("utf-8", "replace")
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets_of(getattr(value, name))
        case dict():
            for part in value.values():
                yield from _secrets_of(part)
        case list() | tuple() | set() | frozenset():
            for part in value:
                yield from _secrets_of(part)


def _distribution_of(platform: str) -> str:
    for point in metadata.entry_points(group="ordersync.connectors", name=platform):
        if point.dist:
            return f"{point.dist.name} {point.dist.version}"
    return ""
