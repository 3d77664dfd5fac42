"""Every code block of the documentation is run, or checked as far as it can be without an account."""

from __future__ import annotations

import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docs_blocks import ROOT, Block, blocks, pages, prelude
from docs_checks import check_typed
from docs_room import PRELUDES, Room

NOT_RUN = {
    ("docs/operating.md", "a system that runs systemd"),
    ("docs/operating.md", "a crontab"),
    ("docs/write-a-connector.md", "a real account"),
    ("docs/write-a-connector.md", "hundreds of transfers; `tests/test_prove.py` runs it"),
    ("docs/testing.md", "hundreds of transfers; `tests/test_prove.py` runs it"),
}
"""Everything that no test runs: page and reason."""
READMES = [page for page in pages() if "docs" not in page.relative_to(ROOT).parts]
"""Their commands are for the reader's own accounts: checked, not run; but for a README that brings its own files."""
SITE = [page for page in pages() if page not in READMES and page.name != "tutorial.md"]
"""The tutorial is run by `test_docs.py`, which looks at what its commands say as well."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if "not run" not in block.marks]


@pytest.mark.parametrize("page", [page for page in SITE if runnable(page)], ids=name)
def test_every_block_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(PRELUDES[prelude(page)](tmp_path))
        room = Room(tmp_path, stack)
        for block in runnable(page):
            room.take(block)


@pytest.mark.parametrize("page", [page for page in READMES if runnable(page)], ids=name)
def test_every_block_of_a_readme_is_checked(page: Path, tmp_path: Path) -> None:
    complete = any("file" in block.marks for block in blocks(page))
    with ExitStack() as stack:
        room = Room(tmp_path, stack)
        if page.parent.parent.name == "examples":
            project = tomllib.loads((page.parent / "pyproject.toml").read_text("utf-8"))["project"]
            room.own = set(project["entry-points"]["ordersync.connectors"])
        for block in runnable(page):
            if complete:
                room.take(block)
            elif block.language == "console":
                check_typed(block)
            elif block.language == "python":
                assert "include" in block.marks, f"{block.place}: it stands in no file that is run"
                code = (ROOT / block.marks["include"]).read_text("utf-8")
                assert code.partition('"""\n\n')[2] == block.body, (
                    f"{block.place} is not {block.marks['include']}"
                )
            else:
                room.take(block)


def test_what_is_not_run_is_listed() -> None:
    found = {
        (block.page, block.marks["not run"])
        for page in pages()
        for block in blocks(page)
        if "not run" in block.marks
    }
    assert found == NOT_RUN
    assert len(found) <= 8


def test_every_block_says_its_language() -> None:
    wrong = [block.place for page in pages() for block in blocks(page) if not block.language]
    assert wrong == []


def test_the_collector_sees_what_is_there(tmp_path: Path) -> None:
    assert {name(page) for page in pages()} >= {
        "README.md",
        "CONTRIBUTING.md",
        "docs/tutorial.md",
        "docs/hooks.md",
    }
    found = list(blocks(ROOT / "docs/tutorial.md"))
    assert [block.language for block in found[:2]] == ["console", "toml"]
    assert found[1].marks == {"file": "ordersync.toml"}


@pytest.mark.parametrize(
    ("language", "body", "marks", "said"),
    [
        ("python", "assert 1 == 2, 'planted'\n", {}, "planted"),
        ("console", "$ ordersync frobnicate\n", {}, "frobnicate"),
        ("console", "$ ordersync schema order\n", {"exits": "1"}, "ended with 0"),
        ("console", "$ rm -r x\n", {}, "rm is not run"),
        ("console", "$ pip install ordersync-nowhere\n", {}, "no package"),
        ("console", "$ pip install ordersync-shopify[gold]\n", {}, "no extra"),
        ("fortran", "END\n", {}, "fortran"),
    ],
)
def test_a_block_that_does_not_work_fails(
    language: str, body: str, marks: dict[str, str], said: str, tmp_path: Path
) -> None:
    with ExitStack() as stack, pytest.raises(AssertionError, match=said):
        Room(tmp_path, stack).take(Block("docs/x.md", 3, language, body, marks))


@pytest.mark.parametrize(
    "body",
    [
        '[connections.shop]\nconnector = "shopify"\nshup = "x"\n',
        '[routes.orders]\nsource = "shop"\ntargit = "erp"\n',
        '[connections.shop]\nconnector = "shop"\n',
        "[connections.shop\n",
    ],
)
def test_settings_that_do_not_load_fail(body: str, tmp_path: Path) -> None:
    with (
        ExitStack() as stack,
        pytest.raises(ValueError if body.endswith("shop\n") else Exception, match=r"\S"),
    ):
        Room(tmp_path, stack).take(Block("docs/x.md", 3, "toml", body))


@pytest.mark.parametrize(
    "command", ["ordersync sink orders", "ordersync sync orders --evrything", "ordersync prove shopify"]
)
def test_a_command_that_does_not_exist_fails(command: str) -> None:
    with pytest.raises(AssertionError):
        check_typed(Block("README.md", 3, "console", f"$ {command}\n"))
