"""Processes that ask one platform as fast as their budget lets them: a server with a leaky bucket, and its clients.

`python -m bench.sharing URL LEDGER SIZE RATE SECONDS` is such a client; an empty LEDGER: it goes by itself.
"""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

from bench.cases.rules import Meter
from bench.service import ROOT

__all__ = ["shared_by"]


def shared_by(count: int, ledger: str, size: float, rate: float, seconds: float) -> Meter:
    """What `count` processes did to a bucket in so many seconds."""
    meter = Meter()
    level, at = 0.0, time.monotonic()

    class Platform(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal level, at
            with meter.lock:
                now = time.monotonic()
                level, at = max(level - (now - at) * rate, 0.0), now
                full = level + 1 > size
                level += not full
                meter.began = meter.began or datetime.now(UTC)
                meter.ended = datetime.now(UTC)
                meter.requests += 1
                meter.refused += full
                meter.spent += not full
            self.send_response(429 if full else 200)
            if full:
                self.send_header("retry-after", "1")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    command = [sys.executable, "-m", "bench.sharing", url, ledger, str(size), str(rate), str(seconds)]
    try:
        clients = [subprocess.Popen(command, cwd=ROOT) for _ in range(count)]
        codes = [client.wait(timeout=10 * seconds + 60) for client in clients]
        if any(codes):
            raise RuntimeError("a process that shares a budget failed")
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    return meter


def _ask(url: str, ledger: str, size: float, rate: float, seconds: float) -> None:
    from ordersync.ledger import Ledger
    from ordersync.web import Access, Budgets, LeakyBucket, bulk

    book = Ledger(ledger) if ledger else None
    access = Access(budgets=Budgets(book))
    with bulk(), access.client(url, budget=access.budget(LeakyBucket(size, rate), account=url)) as client:
        client.get()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            client.get()
    access.budgets.close()
    if book:
        book.close()


if __name__ == "__main__":
    _ask(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))
