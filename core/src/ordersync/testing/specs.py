"""Where vendors' own schemas and recordings lie, for tests that hold a connector against them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["vendor_specs"]


def vendor_specs(platform: str) -> Path:
    """The folder of one platform's specifications: `$ORDERSYNC_SPECS/PLATFORM`, by default `shared/specs` beside the
    project. Skips the calling test (with one line) on a machine that has none; fails in CI, where they must be."""
    named = os.environ.get("ORDERSYNC_SPECS")
    if named:
        places = [Path(named)]
    else:
        here = Path.cwd().resolve()
        places = [folder / "shared" / "specs" for folder in (here, *here.parents)]
    for place in places:
        if (place / platform).is_dir():
            return place / platform
    message = f"no vendor specifications of {platform} here; set ORDERSYNC_SPECS to their folder"
    if os.environ.get("CI") or named:
        pytest.fail(message)
    pytest.skip(message)
