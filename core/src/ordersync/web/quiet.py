"""httpx and httpcore log whole addresses and response headers, secrets included: for our requests they are silenced."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["hushed", "install"]

_TALKERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_ours: ContextVar[bool] = ContextVar("ordersync_web_request", default=False)


class _Hush(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's signature
        return not _ours.get()


_HUSH = _Hush()


def install() -> None:
    """Put the filter on those loggers; what a host application sends through httpx itself is logged as before."""
    for name in _TALKERS:
        logging.getLogger(name).addFilter(_HUSH)


@contextmanager
def hushed() -> Iterator[None]:
    """Within the block this thread's requests are ours."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
