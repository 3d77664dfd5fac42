"""The best script, which besides reads its orders back and compares their totals with the source's."""

from __future__ import annotations

from bench.peers.script import run

if __name__ == "__main__":
    run(__doc__, read_back=True)
