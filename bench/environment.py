"""An environment for the peers that ordersync must not share packages with: made once, in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

__all__ = ["NEEDS", "interpreter", "versions"]

NEEDS = ("dlt>=1.20", "singer-sdk[msgspec]>=0.50", "httpx>=0.27", "msgspec>=0.19")


def interpreter() -> Path:
    """The environment's interpreter; makes the environment if it is not there. Needs the network for that.

    Raises CalledProcessError if pip fails.
    """
    name = hashlib.sha256(" ".join((sys.version, *NEEDS)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not os.access(cache.parent, os.W_OK):
        cache = Path(tempfile.gettempdir())
    folder = cache / "ordersync-bench" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *NEEDS], check=True)
        ready.touch()
    return python


def versions(python: Path) -> dict[str, str]:
    """The versions of the peers' packages."""
    ask = "from importlib.metadata import version as v; print(v('dlt'), v('singer-sdk'), v('httpx'))"
    told = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(("dlt", "singer-sdk", "httpx (peers)"), told, strict=True))
