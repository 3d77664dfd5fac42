"""`python -m ordersync.testing.pages NAME` prints a part of the documentation."""

from __future__ import annotations

import sys

from ordersync.testing.pages import PARTS, part

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        sys.exit(f"Name one part: {', '.join(PARTS)}.")
    sys.stdout.write(part(sys.argv[1]))
