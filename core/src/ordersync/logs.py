"""Logs for people or as JSON lines; each line of a run carries the run's id, the order's key and the request's id.

Whoever works on an order binds the words (`with bound(run=…, order=…)`), in the thread that does the work; whoever logs
need not know them. Nothing is set up at import: the command line uses `configured`, a host application its own logging.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Blots", "Context", "ForPeople", "JsonLines", "bound", "configured", "words"]

ROOT = "ordersync"
_words: ContextVar[Mapping[str, str]] = ContextVar("ordersync_log_words", default=MappingProxyType({}))
_NO_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "words", "extras"}


class bound:  # noqa: N801 - it reads as the verb that it is, and is entered for every order
    """Within the block every log line of this thread (or task) carries these words: `run`, `order`, `request_id` …"""

    __slots__ = ("_named", "_token")

    def __init__(self, **named: str) -> None:
        self._named = named

    def __enter__(self) -> None:
        self._token = _words.set({**_words.get(), **self._named})

    def __exit__(self, *error: object) -> None:
        _words.reset(self._token)


def words() -> Mapping[str, str]:
    """What is bound here now; hand it to `bound` in a thread that goes on with the same work."""
    return dict(_words.get())


class Blots:
    """Values that must not be seen, wherever they stand in a text."""

    def __init__(self, values: frozenset[str] = frozenset()) -> None:
        self._values = tuple(sorted(values, key=len, reverse=True))

    def add(self, values: frozenset[str]) -> None:
        """Blot out these as well."""
        self._values = tuple(sorted({*self._values, *values}, key=len, reverse=True))

    def out(self, text: str) -> str:
        """`text` with each of the values replaced by `***`."""
        for value in self._values:
            if value in text:
                text = text.replace(value, "***")
        return text

    def __repr__(self) -> str:
        return f"Blots({len(self._values)})"


class Context(logging.Filter):
    """Gives each record the words that are bound, and what its caller gave as `extra`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        extras = {key: value for key, value in vars(record).items() if key not in _NO_EXTRA}
        record.words = {**_words.get(), **extras}
        return True


class _Formatter(logging.Formatter):
    def __init__(self, blots: Blots | None = None) -> None:
        super().__init__()
        self._blots = blots or Blots()

    def _words(self, record: logging.LogRecord) -> dict[str, Any]:
        known: dict[str, Any] = getattr(record, "words", {})
        return {key: value for key, value in known.items() if value not in ("", None)}


class JsonLines(_Formatter):
    """One JSON object per line: `time`, `level`, `logger`, `message`, the bound words, `error` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._words(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return self._blots.out(json.dumps(line, default=str))


class ForPeople(_Formatter):
    """`12:00:01 INFO message [run=… order=… request_id=…]`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; one record is one line."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        told = " ".join(f"{key}={value}" for key, value in self._words(record).items())
        error = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        message = " ".join(record.getMessage().split())
        text = f"{at} {record.levelname:<7} {message}{error}{f' [{told}]' if told else ''}"
        return self._blots.out("".join(c if c.isprintable() else "?" for c in text))


class _Stderr(logging.StreamHandler[Any]):
    """Writes where `sys.stderr` leads at the moment, so that a progress bar can take it over for a while."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The standard error of the moment."""
        return sys.stderr

    @stream.setter
    def stream(self, _value: Any) -> None:
        raise AttributeError("this handler always writes to standard error")


@contextmanager
def configured(
    verbosity: int = 0,
    format: Literal["people", "json"] = "people",
    *,
    blots: Blots | None = None,
) -> Iterator[None]:
    """Send our loggers' lines to standard error: warnings, with 1 what is done, with 2 every request.

    What was set up before is back when the block ends. Other libraries' loggers are left alone: they know no
    discretion.
    """
    logger = logging.getLogger(ROOT)
    before = logger.handlers, logger.level, logger.propagate
    handler = _Stderr()
    handler.addFilter(Context())
    handler.setFormatter(JsonLines(blots) if format == "json" else ForPeople(blots))
    logger.handlers = [handler]
    logger.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))
    logger.propagate = False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[0], before[2]
        logger.setLevel(before[1])
