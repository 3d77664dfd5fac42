"""`ordersync new`: what it writes works the moment it is written, whatever was answered; what cannot be is said before."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pytest

from ordersync.cli import main
from ordersync.errors import BadInput
from ordersync.testing import scaffold
from ordersync.testing.scaffold import CHOICES, Made, check, core_range, create

ROWS: Mapping[str, Mapping[str, str]] = {
    "as it is by default": {},
    "a shop": {"role": "source", "auth": "basic", "paging": "link", "money": "number"},
    "an ERP": {"role": "target", "auth": "oauth2", "paging": "next", "money": "minor"},
    "open, by number": {"role": "both", "auth": "none", "paging": "numbered", "money": "minor"},
    "an ERP by offset": {"role": "target", "auth": "basic", "paging": "offset", "money": "number"},
    "a shop with tokens": {"role": "source", "auth": "oauth2", "paging": "offset", "money": "text"},
}
PAGERS = {"cursor": "cursor_pages", "link": "link_header_pages", "next": "next_field_pages",
          "numbered": "numbered_pages", "offset": "offset_pages"}  # fmt: skip


def written(into: Path, answers: Mapping[str, str], platform: str = "acme") -> Made:
    """The package, and its metadata beside it, as an installer would write them."""
    made = create(platform, into, answers, ask=False)
    project = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = made.folder / "src" / f"{made.distribution.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    needs = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    readme = (made.folder / project["readme"]).read_text("utf-8")
    head = f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n{needs}"
    (info / "METADATA").write_text(f"{head}\n{readme}", "utf-8")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in found.items())
        for group, found in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points), "utf-8")
    return made


def run(folder: Path, *words: str, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    """A module of this interpreter, in the package's folder, with the package on its path."""
    env = {**os.environ, "PYTHONPATH": "src", "MYPYPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {name: value for name, value in env.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def text_of(made: Made, under: str = "src") -> str:
    return "\n".join(file.read_text("utf-8") for file in sorted((made.folder / under).rglob("*.py")))


# --- what is written -------------------------------------------------------------------------------------------------


def test_every_answer_is_tried_in_some_row() -> None:
    for question, choices in CHOICES.items():
        tried = {row.get(question, choices[0]) for row in ROWS.values()}
        assert tried == set(choices), question


@pytest.mark.parametrize("row", ROWS)
def test_it_passes_its_own_tests_and_the_contract_suite(row: str, tmp_path: Path) -> None:
    made = written(tmp_path, ROWS[row])
    done = run(made.folder, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("row", ROWS)
def test_it_is_clean_by_its_own_rules(row: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed here")
    made = create("acme", tmp_path, ROWS[row], ask=False)
    for words in (["check", "--no-cache", "."], ["format", "--no-cache", "--diff", "."]):
        done = run(made.folder, "ruff", *words)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("row", ["as it is by default", "an ERP"])
def test_it_is_typed_strictly(row: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed here")
    made = create("acme", tmp_path, ROWS[row], ask=False)
    done = run(made.folder, "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "src", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("row", ROWS)
def test_nothing_is_left_of_the_template(row: str, tmp_path: Path) -> None:
    made = create("erp-acme-2", tmp_path, {**ROWS[row], "title": "Acme & Söhne"}, ask=False)
    assert {".gitignore", "LICENSE", "README.md", "quality.toml", "pyproject.toml"} <= set(
        map(str, made.files)
    )
    assert all(file.suffix != ".jinja" for file in made.files)
    for file in made.files:
        text = (made.folder / file).read_text("utf-8").replace("${{ matrix.python }}", "")
        assert "{%" not in text, file
        assert "{{" not in text, file
    assert made.places > 10
    assert "class ErpAcme2Connector:" in text_of(made)
    assert "Acme & Söhne" in text_of(made)


@pytest.mark.parametrize("row", ROWS)
def test_nothing_is_written_for_answers_that_were_not_given(row: str, tmp_path: Path) -> None:
    made = create("acme", tmp_path, ROWS[row], ask=False)
    chosen = {question: ROWS[row].get(question, choices[0]) for question, choices in CHOICES.items()}
    source, tests = text_of(made), text_of(made, "tests")
    assert [name for name in PAGERS.values() if name in source] == [PAGERS[chosen["paging"]]]
    assert ("def list_orders(self, query" in source) is (chosen["role"] != "target")
    assert ("def create_order(self, draft" in source) is (chosen["role"] != "source")
    assert ("webhook" in source.lower()) is (chosen["role"] != "target")
    assert ("Trial(" in tests) is True
    for auth, word in (("token", "Bearer {"), ("basic", "Basic("), ("oauth2", "Refreshing(")):
        assert (word in source) is (chosen["auth"] == auth), auth


def test_the_core_that_runs_is_the_one_it_is_made_for(tmp_path: Path) -> None:
    made = create("acme", tmp_path, {}, ask=False)
    project = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == [f"ordersync{core_range(metadata.version('ordersync'))}"]
    assert project["entry-points"]["ordersync.connectors"] == {"acme": "ordersync_acme:AcmeConnector"}


@pytest.mark.parametrize(
    ("version", "wanted"), [("0.1.0", ">=0.1,<1"), ("1.4.2", ">=1.4,<2"), ("2.0.0rc1", ">=2.0,<3")]
)
def test_the_range_of_the_core(version: str, wanted: str) -> None:
    assert core_range(version) == wanted


def test_the_template_asks_what_the_command_knows() -> None:
    text = (resources.files(scaffold) / "template" / "copier.yml").read_text("utf-8")
    yaml = importlib.import_module("yaml")
    asked = {name: given for name, given in yaml.safe_load(text).items() if not name.startswith("_")}
    found = {name: tuple(given["choices"].values()) for name, given in asked.items() if "choices" in given}
    assert found == dict(CHOICES)
    assert all(asked[name]["default"] == choices[0] for name, choices in CHOICES.items())
    assert all(given["help"] for name, given in asked.items() if given.get("when") is not False)


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Acme", "acme_shop", "2acme", "acme-", "-acme", "acme--x", "äcme", "a" * 41, "", "erp", "a/b"]
)
def test_a_bad_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="acme"):
        check(name, tmp_path, {})


def test_a_name_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="'reference' is installed already"):
        check("reference", tmp_path, {})
    (tmp_path / "ordersync_hidden").mkdir()
    (tmp_path / "ordersync_hidden" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match="'ordersync_hidden' can be imported already"):
        check("hidden", tmp_path, {})


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ordersync-acme").mkdir()
    (tmp_path / "ordersync-acme" / "mine.txt").write_text("mine", "utf-8")
    (tmp_path / "ordersync-beta").symlink_to(tmp_path / "nowhere")
    for platform in ("acme", "beta"):
        with pytest.raises(BadInput, match="exists already; nothing is overwritten"):
            create(platform, tmp_path, {}, ask=False)
    assert [file.name for file in (tmp_path / "ordersync-acme").iterdir()] == ["mine.txt"]
    assert not (tmp_path / "nowhere").exists()


def test_every_answer_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        check("acme", tmp_path, {"auth": "magic", "money": "float", "title": 'a"b', "paging": "link"})
    assert [problem.place for problem in caught.value.problems] == ["--auth", "--money", "--title"]
    assert "cursor, link" not in str(caught.value)


def test_what_fails_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_source: str, written: Path, **_how: Any) -> None:
        written.mkdir()
        (written / "README.md").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("copier.run_copy", half)
    with pytest.raises(BadInput, match="No space left on device"):
        create("acme", tmp_path, {}, ask=False)
    assert list(tmp_path.iterdir()) == []


# --- the command -----------------------------------------------------------------------------------------------------


def test_it_says_what_was_made_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "acme", "--defaults"]) == 0
    said = capsys.readouterr().out
    assert "Made the package ordersync-acme in ordersync-acme" in said
    assert all(step in said for step in ("cd ordersync-acme", "pytest", "ordersync quality acme", "yours:"))
    assert main(["--json", "new", "beta", "--defaults"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["distribution"] == "ordersync-beta"
    assert len(told["files"]) == sum(file.is_file() for file in (tmp_path / "ordersync-beta").rglob("*"))


def test_without_a_terminal_nothing_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = ["--into", str(tmp_path)]
    assert main(["new", "acme", "--auth", "basic", *into]) == 2
    said = capsys.readouterr().err
    assert "no terminal to ask on" in said
    assert "--role, --paging, --money were not given" in said
    assert "--defaults" in said
    assert list(tmp_path.iterdir()) == []
    given = ["--role", "target", "--auth", "basic", "--paging", "link", "--money", "text"]
    assert main(["new", "acme", *given, *into]) == 0


def test_the_authors_extra_is_named_if_it_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "copier", None)
    assert main(["new", "acme", "--defaults", "--into", str(tmp_path)]) == 2
    assert "pip install 'ordersync[authors]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_ctrl_c_in_the_questions_leaves_nothing(tmp_path: Path) -> None:
    code, shown = on_a_terminal(
        tmp_path, {"people call the platform": b"\r", "will the connector do": b"\x03"}
    )
    assert code == 130, shown
    assert "Nothing was written." in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_what_was_not_given_is_asked_for(tmp_path: Path) -> None:
    answers = {
        "people call the platform": b"\r",
        "prove who they are": b"\x1b[B\r",
        "hand out a long list": b"\x1b[B\x1b[B\r",
        "amount of 12.50": b"\r",
    }
    code, shown = on_a_terminal(tmp_path, answers, "--role", "target")
    assert code == 0, shown
    settings = (tmp_path / "ordersync-acme/src/ordersync_acme/settings.py").read_text("utf-8")
    assert "password: SecretStr" in settings
    assert "next_field_pages" in (tmp_path / "ordersync-acme/src/ordersync_acme/api.py").read_text("utf-8")


def on_a_terminal(folder: Path, answers: Mapping[str, bytes], *words: str) -> tuple[int, str]:
    """`ordersync new acme` on a pseudo-terminal: each answer is typed once its question stands there."""
    import pty

    words = ("new", "acme", *words)
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        code = "import sys; from ordersync.cli import main; sys.exit(main(sys.argv[1:]))"
        os.execve(sys.executable, [sys.executable, "-c", code, *words], {**os.environ, "TERM": "xterm"})
    shown, until = b"", time.monotonic() + 60
    waiting = dict(answers)
    while time.monotonic() < until and select.select([terminal], [], [], 60)[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if b"\x1b[6n" in more:
            os.write(terminal, b"\x1b[1;1R")
        shown += more
        question = next(iter(waiting), None)
        if question and question.encode() in shown:
            os.write(terminal, waiting.pop(question))
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode("utf-8", "replace")
