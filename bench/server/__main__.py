"""Serve one platform on 127.0.0.1 until the process ends: `python -m bench.server target --latency 0.02`.

Prints the port, then nothing. HTTP/1.1 with keep-alive over a bare asyncio protocol: no framework's cost is measured.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Protocol

from bench.server.books import Books
from bench.server.shop import Shop

_REASONS = {
    200: b"OK",
    201: b"Created",
    404: b"Not Found",
    422: b"Unprocessable Entity",
    500: b"Server Error",
}


class Platform(Protocol):
    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Status and body."""


class Talk(asyncio.Protocol):
    """One connection: requests with a content length, answered in turn, each `latency` seconds later."""

    def __init__(self, platform: Platform, latency: float) -> None:
        self._platform = platform
        self._latency = latency
        self._kept = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._kept += data
        while True:
            end = self._kept.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._kept[:end]
            length = _length(head)
            if len(self._kept) < end + 4 + length:
                return
            body = self._kept[end + 4 : end + 4 + length]
            self._kept = self._kept[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head[: head.index(b"\r\n")].decode("ascii").split(" ", 2)
        path, _, query = target.partition("?")
        try:
            status, content = self._platform.answer(method, path, query, body)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            status, content = 500, f'{{"error":"{type(error).__name__}"}}'.encode()
        answer = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
            status,
            _REASONS[status],
            len(content),
            content,
        )
        assert self._transport is not None
        if self._latency and not path.startswith("/_"):
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(platform: Platform, latency: float) -> None:
    """Until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Talk(platform, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("platform", choices=["source", "target"])
    asked.add_argument("--orders", type=int, default=0, help="how many the source has")
    asked.add_argument("--latency", type=float, default=0.0, help="seconds per request")
    given = asked.parse_args()
    asyncio.run(serve(Shop(given.orders) if given.platform == "source" else Books(), given.latency))


if __name__ == "__main__":
    main()
