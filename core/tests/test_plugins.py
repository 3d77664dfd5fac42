"""Plugins as they are installed: found by entry point, loaded by name, checked; a broken one hurts no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stevedore import ExtensionManager

from ordersync.connection import Connection, signature_problems
from ordersync.discovery import connector_class, extension_class, installed, sandbox_class
from ordersync.errors import BadSettings, NotOffered, PluginBroken
from ordersync.extensions import Extensions
from ordersync.hookspecs import ConnectorSpecs, ExtensionSpecs, hookimpl
from ordersync.host import Host
from ordersync.model import Draft, Facts, Order, OrderQuery
from ordersync.settings import settings_of
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.reference import store
from ordersync.web import VirtualClock

Install = Callable[..., None]
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "extension.py"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution on the path as an installer does: a module, and its metadata."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(
        name: str, code: str, entry: str, *, group: str = "ordersync.connectors", requires: str = ""
    ) -> None:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code, "utf-8")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.2", "Summary: A test."]
        lines += [f"Requires-Dist: {requires}"] if requires else []
        (info / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry}\n", "utf-8")
        importlib.invalidate_caches()
        ExtensionManager.ENTRY_POINT_CACHE.clear()

    yield put
    ExtensionManager.ENTRY_POINT_CACHE.clear()
    for name in [name for name in sys.modules if name.startswith("ordersync_stranger")]:
        del sys.modules[name]


CONNECTOR = """
from ordersync import Account, Facts, hookimpl
from ordersync.testing.reference import ReferenceSettings
class Stranger:
    settings_model = ReferenceSettings
    facts = Facts()
    def __init__(self, settings, access): pass
    @hookimpl
    def check_access(self) -> Account:
        return Account(id="stranger")
"""


def test_a_strangers_connector_is_found_and_loaded(install: Install) -> None:
    install(
        "ordersync-stranger",
        CONNECTOR,
        "stranger = ordersync_stranger:Stranger",
        requires="ordersync>=0.1,<1",
    )
    (found,) = [plugin for plugin in installed() if plugin.name == "stranger"]
    assert (found.version, found.hooks, found.problem) == ("1.2", ("check_access",), "")
    assert found.hook_api == "<1,>=0.1"
    assert connector_class("stranger").facts == Facts()
    with pytest.raises(NotOffered, match="brings no sandbox"):
        sandbox_class("stranger")


def test_a_connector_for_another_version_is_not_imported(install: Install) -> None:
    code = "raise SystemExit('this must not run')"
    install("ordersync-stranger2", code, "stranger2 = ordersync_stranger2:X", requires="ordersync>=99")
    (found,) = [plugin for plugin in installed() if plugin.name == "stranger2"]
    assert found.problem == "it was made for ordersync >=99, and this is 0.1.0"
    with pytest.raises(PluginBroken, match="made for ordersync >=99"):
        connector_class("stranger2")


def test_a_broken_connector_is_named_and_hurts_no_other(install: Install) -> None:
    install("ordersync-stranger3", "import nothing_of_the_kind", "stranger3 = ordersync_stranger3:X")
    plugins = {plugin.name: plugin for plugin in installed()}
    assert "nothing_of_the_kind" in plugins["stranger3"].problem
    assert plugins["reference"].problem == ""
    with pytest.raises(PluginBroken, match="cannot be imported"):
        connector_class("stranger3")


def test_two_of_one_name_are_refused(install: Install) -> None:
    for number in (4, 5):
        install(f"ordersync-stranger{number}", CONNECTOR, f"same = ordersync_stranger{number}:Stranger")
    with pytest.raises(PluginBroken, match="Several installed packages"):
        connector_class("same")
    assert all("remove one" in plugin.problem for plugin in installed() if plugin.name == "same")


def test_an_unknown_name_lists_close_ones_and_the_package() -> None:
    with pytest.raises(BadSettings) as error:
        connector_class("referense")
    assert "Did you mean 'reference'?" in str(error.value)
    assert "pip install ordersync-referense" in str(error.value)


def test_an_extension_found_by_entry_point_is_told(install: Install) -> None:
    install(
        "ordersync-stranger6",
        EXAMPLE.read_text("utf-8"),
        "example = ordersync_stranger6:Example",
        group="ordersync.extensions",
    )
    heard: list[str] = []
    told = extension_class("example")
    plain_init = told.__init__

    def listening(self: object) -> None:
        plain_init(self)
        self.told = heard  # type: ignore[attr-defined]

    told.__init__ = listening
    source, target = store("plugins-a"), store("plugins-b")
    order = order_of_case(money_cases()[0]).model_copy(update={"tags": ("gift",)})
    source.orders[order.id] = order
    for line in order.lines:
        if line.sku and line.sku not in target.items:
            target.add_item(line.sku)
    settings = settings_of(
        {
            "ledger": {"url": "sqlite://"},
            "connections": {
                "a": {"connector": "reference", "store": "plugins-a"},
                "b": {"connector": "reference", "store": "plugins-b"},
            },
            "routes": {"r": {"source": "a", "target": "b", "extensions": ["example"]}},
        }
    )
    with Host.open(settings, clock=VirtualClock()) as host:
        assert host.sync("r", everything=True).created == 1
        assert [(one.extension, one.hook, one.error) for one in host.ledger.tellings("r")] == [
            ("example", "on_order_created", "")
        ]
    assert heard == [f"{order.number} is R1"]
    ((draft, _, _),) = target.placed.values()
    assert draft.note == "GIFT."


def test_signatures_are_checked() -> None:
    class Wrong:
        @hookimpl
        def list_orders(self, query: OrderQuery, page: int = 1) -> None: ...

        @hookimpl
        def get_order(self, *, order_id: str) -> None: ...

        @hookimpl
        def find_order(self, key: bytes) -> None: ...

        @hookimpl
        def fetch_orders(self) -> None: ...

    problems = " | ".join(signature_problems(Wrong()))
    assert "list_orders: there is no parameter 'page'" in problems
    assert "get_order: 'order_id' must be positional-or-keyword" in problems
    assert "find_order: 'key' must be annotated <class 'str'>" in problems
    assert "fetch_orders: there is no such hook" in problems
    with pytest.raises(PluginBroken, match="breaks the contract"):
        Connection("x", "wrong", Wrong())


def test_what_is_not_offered_says_so() -> None:
    class Little:
        @hookimpl
        def get_order(self, order_id: str) -> Order | None:
            return None

    connection = Connection("x", "little", Little())
    assert connection.offers == {"get_order"}
    assert connection.get_order("1") is None
    with pytest.raises(NotOffered, match="does not offer find_order"):
        connection.find_order("os-1")


def test_a_defect_of_a_connector_is_named_as_one() -> None:
    class Defect:
        @hookimpl
        def get_order(self, order_id: str) -> Order | None:
            raise KeyError("a value that may be personal")

    with pytest.raises(PluginBroken) as error:
        Connection("x", "defect", Defect()).get_order("1")
    assert "failed in get_order (KeyError)" in str(error.value)
    assert "personal" not in str(error.value)


def test_shapers_fold_in_declared_order_and_wrappers_are_refused() -> None:
    order = order_of_case(money_cases()[0])

    class Tag:
        def __init__(self, tag: str) -> None:
            self.tag = tag

        @hookimpl
        def shape_order(self, order: Order) -> Order | None:
            return order.model_copy(update={"tags": (*order.tags, self.tag)})

    class Nothing:
        @hookimpl
        def shape_order(self, order: Order) -> Order | None:
            return None

    extensions = Extensions([("one", Tag("1")), ("none", Nothing()), ("two", Tag("2"))])
    assert extensions.shape_order(order).tags == ("1", "2")

    class Wrapper:
        @hookimpl(wrapper=True)
        def shape_draft(self, draft: Draft, order: Order) -> object:
            return (yield)

    with pytest.raises(PluginBroken, match="wrappers are not allowed"):
        Extensions([("wrapper", Wrapper())])


def test_every_hook_says_who_calls_it_and_what_it_means() -> None:
    for specs in (ConnectorSpecs, ExtensionSpecs):
        for name, hook in vars(specs).items():
            if not name.startswith("_"):
                assert hook.__doc__, name
                assert len(hook.__doc__.split()) > 5, name
