"""Sets everything up in an environment of its own (`.venv`), then does what is asked. Needs Python ≥ 3.11 alone.

python3 dev.py demo      the main job on sandboxes: orders from Shopify become sale orders in Odoo
python3 dev.py test      all tests, as CI runs them (arguments go to tox: `test -e lint`)
python3 dev.py docs      the documentation, as static pages; prints where they begin
python3 dev.py setup     only set up; then `.venv/bin/ordersync` (Windows: `.venv\\Scripts\\ordersync`) is there
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PLUGINS = sorted(folder.parent for folder in (ROOT / "plugins").glob("*/pyproject.toml"))


def run(*command: str | Path, **environment: str) -> int:
    """Run a command from the project's root; its exit code."""
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}
    ).returncode


def pip(*arguments: str) -> None:
    """Install into `.venv`, quietly; stop if that fails."""
    quiet = ("--quiet", "--disable-pip-version-check")
    if run(BIN / f"python{EXE}", "-m", "pip", "install", *quiet, *arguments):
        sys.exit("Setting up failed; pip says why above.")


def make_environment() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python meets first
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    if not (BIN / f"python{EXE}").exists():
        print("Making an environment in .venv …", flush=True)
        venv.create(VENV, with_pip=True)


def setup() -> None:
    """Core and all plugins, editable, with their sandboxes; again only if one of their requirements changed."""
    make_environment()
    stamp = VENV / "ordersync-setup"
    wanted = "".join(
        file.read_text("utf-8")
        for file in (ROOT / "core/pyproject.toml", *(p / "pyproject.toml" for p in PLUGINS))
    )
    if (BIN / f"ordersync{EXE}").exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    print("Installing ordersync and its connectors …", flush=True)
    packages = [f"{ROOT / 'core'}[sandbox]", *(f"{plugin}[sandbox]" for plugin in PLUGINS)]
    pip(*(part for package in packages for part in ("--editable", package)))
    stamp.write_text(wanted, "utf-8")


def docs() -> int:
    """Build the pages strictly; what they are built with comes into the same environment."""
    setup()
    pip("--requirement", str(ROOT / "docs/requirements.txt"))
    strict = ("-W", "--keep-going", "-n", "-q", "-E", "-b", "html")
    out = ROOT / "docs/build/html"
    code = run(BIN / f"python{EXE}", "-m", "sphinx", *strict, "docs", out)
    if not code:
        print(out / "index.html")
    return code


def other_pythons() -> str:
    """PATH, with the interpreters of pyenv behind it, so that tox finds those that this machine has."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(folder) for folder in sorted(root.glob("versions/3.*/bin"))]
    return os.pathsep.join([os.environ.get("PATH", ""), *found])


def main(arguments: list[str]) -> int:
    match arguments:
        case ["demo", *more]:
            setup()
            return run(BIN / f"ordersync{EXE}", "demo", *more)
        case ["test", *more]:
            make_environment()
            pip("tox>=4.20,<5", "tox-uv>=1.11")
            how = ["run", *more] if more else ["run-parallel", "--parallel", "2", "--parallel-no-spinner"]
            return run(BIN / f"tox{EXE}", *how, PATH=other_pythons(), UV_PYTHON_DOWNLOADS="never")
        case ["docs"]:
            return docs()
        case ["setup"]:
            setup()
            return 0
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
