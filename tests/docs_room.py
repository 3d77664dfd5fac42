"""A folder in which the blocks of one page are run from top to bottom, as a reader would."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from docs_blocks import ROOT, Block
from docs_checks import check_install, check_settings, typed
from packaging.requirements import Requirement

from ordersync.cli import main
from ordersync.discovery import sandbox_class
from ordersync.testing import serve

__all__ = ["ORDERSYNC", "PRELUDES", "Ran", "Room", "in_background"]

ORDERSYNC = [sys.executable, "-c", "import sys; from ordersync.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Ran:
    """A command that was run."""

    command: str
    code: int
    said: str


@cache
def secrets() -> dict[str, str]:
    """The variables that the pages' settings refer to, with the sandboxes' own credentials."""
    return {
        "SHOP_TOKEN": str(sandbox_class("shopify")().settings("http://x")["access_token"]),
        "ODOO_KEY": str(sandbox_class("erp-odoo")().settings("http://x")["api_key"]),
    }


@dataclass
class Room:
    """The folder, Python's names of the page, and what runs in the background."""

    folder: Path
    stack: ExitStack
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})
    ran: list[Ran] = field(default_factory=list)
    ports: dict[str, str] = field(default_factory=dict)
    installed: list[str] = field(default_factory=list)
    """What was put on Python's path by installing."""
    own: set[str] = field(default_factory=set)
    """Connectors that were installed so."""

    def take(self, block: Block) -> None:
        """Do what a reader does with this block. Raises AssertionError with its place if it does not work."""
        body = self._with_ports(block)
        if (name := block.marks.get("file") or block.marks.get("append")) is not None:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if "append" in block.marks else "w", encoding="utf-8") as file:
                file.write(body)
        match block.language:
            case "python":
                self._python(block, body)
            case "console":
                self._console(block, body)
            case "toml":
                check_settings(body, but=self.own)
            case "json":
                json.loads(body)
            case "text" | "mermaid":
                pass
            case other:
                raise AssertionError(f"{block.place}: nobody knows how to run {other!r}")

    def _python(self, block: Block, body: str) -> None:
        if "file" in block.marks or "append" in block.marks:
            compile(body, block.place, "exec")
            return
        code = compile("\n" * (block.line - 1) + body, str(ROOT / block.page), "exec")
        before = set(sys.modules)
        with contextlib.chdir(self.folder), patch.object(sys, "path", [str(self.folder), *sys.path]):
            try:
                exec(code, self.names)
            finally:
                for name in set(sys.modules) - before:
                    if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.folder)):
                        del sys.modules[name]

    def _console(self, block: Block, body: str) -> None:
        given = typed(body)
        codes = [int(code) for code in block.marks.get("exits", "").split()] or [0] * len(given)
        assert len(codes) == len(given), f"{block.place}: {len(given)} commands, {len(codes)} exit codes"
        for command, code in zip(given, codes, strict=True):
            if command.endswith("&"):
                self.stack.enter_context(
                    in_background(command.removesuffix("&").strip(), self.folder, self.environment())
                )
                continue
            done = self._run(command, block)
            if done is not None:
                assert done.code == code, f"{block.place}: $ {command}\nended with {done.code}:\n{done.said}"
                self.ran.append(done)

    def _run(self, command: str, block: Block) -> Ran | None:
        words = shlex.split(command, comments=True)
        if words[0] == "pip":
            own = (
                [self.folder / Requirement(word).name for word in words[3:]] if "--editable" in words else []
            )
            for folder in own:
                self._install(folder, block.place)
            if not own:
                check_install(words, block.place)
            return None
        if words[0] == "ordersync" and not self.installed:
            return self._in_process(command, words[1:])
        programs = {
            "ordersync": ORDERSYNC,
            "python": [sys.executable],
            "pytest": [sys.executable, "-m", "pytest"],
        }
        assert words[0] in programs, f"{block.place}: {words[0]} is not run"
        done = subprocess.run(
            [*programs[words[0]], *words[1:]],
            cwd=self.folder,
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(command, done.returncode, done.stdout + done.stderr)

    def _in_process(self, command: str, words: list[str]) -> Ran:
        """Starting Python takes longer than most commands; but what is installed is looked up once per process."""
        said = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            patch.dict(os.environ, self.environment()),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = main(words)
        return Ran(command, code, said.getvalue())

    def _install(self, package: Path, place: str) -> None:
        """What an editable install leaves behind, without an index: the sources on the path, and their metadata."""
        assert (package / "pyproject.toml").is_file(), f"{place}: there is no package in {package.name}"
        project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
        site = self.folder / "site"
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        lines = [f"Name: {project['name']}", f"Version: {project['version']}"]
        lines += [
            f"Summary: {project['description']}",
            *(f"Requires-Dist: {one}" for one in project["dependencies"]),
        ]
        (info / "METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(lines) + "\n", "utf-8")
        points = [
            f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in found.items())
            for group, found in project.get("entry-points", {}).items()
        ]
        (info / "entry_points.txt").write_text("\n".join(points) + "\n", "utf-8")
        self.own |= set(project.get("entry-points", {}).get("ordersync.connectors", {}))
        address = {"url": package.as_uri(), "dir_info": {"editable": True}}
        (info / "direct_url.json").write_text(json.dumps(address), "utf-8")
        self.installed += [str(site), str(package / "src")]

    def environment(self) -> dict[str, str]:
        """What commands find in theirs, besides this process'."""
        path = os.pathsep.join([*self.installed, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
        return {"NO_COLOR": "1", "COLUMNS": "110", "PYTHONPATH": path, **secrets()}

    def _with_ports(self, block: Block) -> str:
        for port in re.findall(r"--port (\d+)", block.body):
            self.ports.setdefault(port, str(free_port()))
        body = block.body
        for port, free in self.ports.items():
            body = body.replace(port, free)
        return body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def in_background(
    command: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A command that serves, once its port answers; ended when the block ends."""
    process = subprocess.Popen(
        [*ORDERSYNC, *shlex.split(command)[1:]],
        cwd=folder,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    port = int(command.split("--port ")[1].split()[0])
    try:
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def _sandboxes(folder: Path) -> Iterator[None]:
    """A shop with 20 orders and an ERP, and a settings file with a route between them."""
    shop, erp = sandbox_class("shopify")(orders=20), sandbox_class("erp-odoo")()
    with serve(shop) as source, serve(erp) as target:
        lines = []
        for name, kind, sandbox, url in (
            ("shop", "shopify", shop, source.url),
            ("erp", "erp-odoo", erp, target.url),
        ):
            section = {"connector": kind, **sandbox.settings(url)}
            lines += [
                f"[connections.{name}]",
                *(f"{key} = {json.dumps(value)}" for key, value in section.items()),
            ]
        lines += ["[routes.orders]", 'source = "shop"', 'target = "erp"', 'policies.money = "presentment"']
        (folder / "ordersync.toml").write_text("\n".join(lines), "utf-8")
        yield


PRELUDES: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[None]]] = {
    "": lambda _folder: contextlib.nullcontext(),
    "sandboxes": _sandboxes,
}
