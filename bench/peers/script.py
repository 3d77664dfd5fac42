"""The best script without promises: pages, look-ups in batches and remembered, creates in batches; nothing is kept.

`script_checking` besides reads its orders back and compares their totals.
"""

from __future__ import annotations

import httpx

from bench.peers.arguments import task
from bench.peers.loading import Loader, pages
from bench.stopwatch import measured

__all__ = ["run"]


def run(about: str | None, *, read_back: bool) -> None:
    """Carry everything over."""
    given = task(about)
    with measured(), httpx.Client() as client:
        loader = Loader(client, given.target, batches=given.batches, read_back=read_back)
        for orders in pages(client, given.source):
            loader.load(orders)


if __name__ == "__main__":
    run(__doc__, read_back=False)
