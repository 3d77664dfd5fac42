"""What a plugin declares about the core, and what becomes of those that are broken: each is told, none hurts another."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import pytest
from stevedore import ExtensionManager

from ordersync.cli import main
from ordersync.compatibility import Declared, declared
from ordersync.discovery import Plugin, connector_class, installed
from ordersync.errors import PluginBroken
from ordersync.hookspecs import HOOK_API
from ordersync.model import Facts

Install = Callable[..., None]
GOOD = """
from ordersync import Account, Facts, hookimpl
from ordersync.testing.reference import ReferenceSettings
class Guest:
    settings_model = ReferenceSettings
    facts = Facts()
    def __init__(self, settings, access): pass
    @hookimpl
    def check_access(self) -> Account:
        return Account(id="guest")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution on the path as an installer does: a module, and its metadata."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(
        name: str,
        code: str = GOOD,
        *,
        entries: Sequence[str] = (),
        requires: Sequence[str] = ("ordersync>=0.1,<1",),
    ) -> None:
        module = f"ordersync_guest_{name}"
        (tmp_path / f"{module}.py").write_text(code, "utf-8")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {module.replace('_', '-')}",
            "Version: 1.2",
            "Summary: A guest.",
        ]
        lines += ["Provides-Extra: fast", *(f"Requires-Dist: {one}" for one in requires)]
        (info / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
        listed = "\n".join(entries or (f"{name} = {module}:Guest",))
        (info / "entry_points.txt").write_text(f"[ordersync.connectors]\n{listed}\n", "utf-8")
        importlib.invalidate_caches()
        ExtensionManager.ENTRY_POINT_CACHE.clear()

    yield put
    ExtensionManager.ENTRY_POINT_CACHE.clear()
    for name in [name for name in sys.modules if name.startswith("ordersync_guest")]:
        del sys.modules[name]


def found(name: str) -> Plugin:
    (plugin,) = [plugin for plugin in installed() if plugin.name == name]
    return plugin


def others_are_well() -> bool:
    reference = found("reference")
    return (reference.problem, connector_class("reference").facts.platform) == ("", "Reference")


class Distribution(metadata.Distribution):
    """One that is made of its requirements."""

    def __init__(self, *requires: str) -> None:
        self._text = "\n".join(
            ["Metadata-Version: 2.1", "Name: ordersync-guest", "Version: 1"]
            + [f"Requires-Dist: {one}" for one in requires]
        )

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("requires", "core", "fits", "warned"),
    [
        (["ordersync>=0.1,<1"], "0.1.0", True, ""),
        (["ordersync[oauth1]>=0.1,<1", "httpx"], "0.9", True, ""),
        (["OrderSync ~= 0.1"], "0.1.5", True, ""),
        (["ordersync==0.*"], "0.7", True, ""),
        (["ordersync>=0.1,<1"], "1.0", False, ""),
        (["ordersync>=0.2,<1"], "0.1.0", False, ""),
        (["ordersync>=0.2,<1"], "0.2.0rc1", False, ""),
        (["ordersync>=0.2.0rc1,<1"], "0.2.0rc2", True, ""),
        (["ordersync>=0.1,<1"], "1.0.0rc1", False, ""),
        (["ordersync>=0.1,<1", "ordersync[sandbox]>=0.3,<1"], "0.2", False, ""),
        (["ordersync>=0.1"], "7.0", True, "without an upper end"),
        (["ordersync"], "0.1.0", True, "does not say"),
        ([], "0.1.0", True, "does not say"),
        (["httpx>=1"], "0.1.0", True, "does not say"),
        (['ordersync>=0.1,<1; extra == "fast"'], "3.0", True, "under an extra only"),
        (['ordersync>=0.1,<1; python_version < "3"'], "3.0", True, "does not hold here"),
        (['ordersync>=0.1,<1; python_version > "3"'], "3.0", False, ""),
        (["ordersync>=0.1,<1", 'ordersync[sandbox]; extra == "fast"'], "0.1.0", True, ""),
        (["ordersync=>0.1"], "0.1.0", True, "cannot be read"),
    ],
)
def test_what_is_declared(requires: list[str], core: str, fits: bool, warned: str) -> None:
    says = declared(Distribution(*requires), core)
    assert (says.problem == "") is fits
    assert bool(says.warnings) is bool(warned)
    assert all(warned in warning for warning in says.warnings)


def test_the_cores_own_plugins_and_homeless_ones() -> None:
    assert declared(metadata.distribution("ordersync")) == Declared(HOOK_API)
    assert declared(None).warnings


def test_one_that_declares_nothing_is_used_with_a_warning(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("silent", requires=())
    plugin = found("silent")
    assert (plugin.problem, plugin.fits, plugin.hooks) == ("", True, ("check_access",))
    assert plugin.warnings == ("it does not say for which versions of ordersync it was made",)
    assert "ordersync>=0.1,<1" in plugin.remedy
    assert connector_class("silent").facts == Facts()
    assert main(["connectors"]) == 0
    assert "silent: it does not say for which versions" in capsys.readouterr().err


def test_several_plugins_of_one_package(install: Install) -> None:
    install("many", entries=("many-a = ordersync_guest_many:Guest", "many-b = ordersync_guest_many:Missing"))
    assert (found("many-a").problem, found("many-a").distribution) == ("", "ordersync-guest-many")
    assert "has no attribute 'Missing'" in found("many-b").problem
    assert connector_class("many-a").facts == Facts()


BROKEN = {
    "import_error": (
        "from ordersync import nothing_there",
        "cannot import name",
        "--force-reinstall ordersync-guest-",
    ),
    "missing_dependency": (
        "import not_installed_here",
        "not_installed_here",
        "(missing: not_installed_here)",
    ),
    "syntax_error": ("class Guest(:\n", "SyntaxError", "tell its author"),
    "system_exit": ("raise SystemExit(3)", "SystemExit", "tell its author"),
    "assertion": ("assert False, 'at import'", "AssertionError", "tell its author"),
    "no_settings": (GOOD.replace("settings_model =", "other ="), "has no settings_model", "Tell its author"),
    "not_a_class": (f"{GOOD}\nGuest = Guest(None, None)", "is not a class", "Tell its author"),
    "wrong_signature": (
        GOOD.replace("check_access(self)", "check_access(self, *, thorough: bool)"),
        "'thorough' must be positional-or-keyword",
        "Tell its author",
    ),
    "unknown_hook": (
        GOOD.replace("def check_access(self) -> Account", "def check_acess(self) -> Account"),
        "check_acess: there is no such hook",
        "Tell its author",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_told_with_a_remedy_and_hurts_no_other(
    name: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    code, problem, remedy = BROKEN[name]
    install(name, code)
    install("well")
    plugin = found(name)
    assert problem in plugin.problem
    assert remedy in plugin.remedy
    assert plugin.hooks == ()
    assert found("well").problem == ""
    assert others_are_well()
    assert main(["connectors", "--json"]) == 0
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert told[name]["problem"] == plugin.problem
    assert told[name]["remedy"] == plugin.remedy
    assert told["well"]["hooks"] == ["check_access"]
    assert main(["connectors"]) == 0
    assert main(["connectors", name]) == 2


@pytest.mark.parametrize(
    "name", ["import_error", "missing_dependency", "syntax_error", "system_exit", "assertion"]
)
def test_a_broken_one_cannot_be_loaded(name: str, install: Install) -> None:
    install(name, BROKEN[name][0])
    with pytest.raises(PluginBroken, match="cannot be imported") as error:
        connector_class(name)
    assert BROKEN[name][2] in error.value.remedy


def test_one_for_another_core_is_not_imported(install: Install) -> None:
    install("future", "raise KeyboardInterrupt", requires=("ordersync[oauth1]>=99,<100",))
    plugin = found("future")
    assert plugin.problem == "it was made for ordersync <100,>=99, and this is 0.1.0"
    assert not plugin.fits
    assert "Install a version" in plugin.remedy
    with pytest.raises(PluginBroken, match="made for ordersync"):
        connector_class("future")
    assert others_are_well()


def test_two_of_one_name(install: Install) -> None:
    for name in ("twin1", "twin2"):
        install(name, entries=(f"twin = ordersync_guest_{name}:Guest",))
    twins = [plugin for plugin in installed() if plugin.name == "twin"]
    assert [plugin.distribution for plugin in twins] == ["ordersync-guest-twin1", "ordersync-guest-twin2"]
    assert all("2 installed packages call themselves 'twin'" in plugin.problem for plugin in twins)
    with pytest.raises(PluginBroken, match="Several installed packages"):
        connector_class("twin")
    assert others_are_well()
