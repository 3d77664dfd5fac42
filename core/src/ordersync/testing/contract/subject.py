"""How the connector under test is opened. Every themed class of the suite inherits from `Subject`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import ValidationError

from ordersync.connection import Connection
from ordersync.discovery import connector_class, offered, sandbox_class
from ordersync.errors import NotOffered, PluginBroken
from ordersync.model import Facts, Order
from ordersync.testing.contract.buyers import sold
from ordersync.testing.contract.saying import broken
from ordersync.testing.contract.stand import Stand, WatchedAccess
from ordersync.testing.contract.wire import Wire, change_by, operations_by
from ordersync.testing.sandbox import Sandbox
from ordersync.testing.seeds import catalogue
from ordersync.web import Clock, VirtualClock

if TYPE_CHECKING:
    import httpx

__all__ = ["OpenStand", "Subject"]

OpenStand = Callable[..., Stand]
"""`open_stand(orders=3, options={…}, settings={…}, sandbox=…)`: a new sandbox, or another connection to one."""
_LASTING = pytest.StashKey[Stand]()


class Subject:
    """Which connector is tested, and what only its author knows. Set `platform`, and what else is needed."""

    platform: ClassVar[str] = ""
    """The entry name of an installed connector; its class and its sandbox are found by it."""
    connector: ClassVar[Any] = None
    """Instead: the connector's class."""
    sandbox: ClassVar[type[Sandbox] | None] = None
    """Instead: the sandbox's class."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """Laid over the settings that the sandbox gives."""
    options: ClassVar[Mapping[str, str]] = {}
    """The sandbox's options."""
    sku: ClassVar[str | None] = None
    """An SKU that can be sold; by default the first of `seeds.catalogue()`, or one that a listed order has."""
    currency: ClassVar[str] = "USD"
    """The currency of the suite's orders."""
    buyer_country: ClassVar[str] = "US"
    """The country of the suite's buyers."""
    seeded: ClassVar[bool] = True
    """The sandbox is born with the orders of `seeds.sample_orders`."""
    not_money: ClassVar[frozenset[str]] = frozenset()
    """`Model.field` of floats that are no money: time-outs, weights."""

    # -- for whoever knows better -------------------------------------------------------------------------------

    def section(self, folder: Path) -> Mapping[str, Any]:  # noqa: ARG002 - for connectors that keep files
        """The settings of a connector that has no sandbox; `folder` is empty and the test's own."""
        return {}

    def order(self, stand: Stand, number: str, *, lines: int = 2, price: Decimal = Decimal("19.99")) -> Order:
        """An order that the platform can take: `lines` lines of the suite's SKU, taxed and with shipping where a sandbox
        stands for the platform."""
        inside = stand.sandbox is not None
        return sold(
            number,
            [self.known_sku(stand)] * lines,
            placed_at=stand.clock.now().replace(microsecond=0) - timedelta(hours=1),
            currency=self.currency,
            country=self.buyer_country,
            taxed=inside,
            shipping=inside,
            price=price,
        )

    def known_sku(self, stand: Stand) -> str:
        """The SKU of the suite's orders."""
        if self.sku is not None:
            return self.sku
        if stand.live and "list_orders" in stand.connection.offers:
            return stand.live.known_sku(stand)
        return catalogue()[0].sku

    # -- opening ------------------------------------------------------------------------------------------------

    @pytest.fixture
    def kind(self, request: pytest.FixtureRequest) -> Any:
        """The connector's class."""
        return _connector(self, request.config)

    @pytest.fixture
    def offers(self, kind: Any) -> frozenset[str]:
        """The hooks that it implements."""
        return frozenset(offered(kind))

    @pytest.fixture
    def facts(self, kind: Any) -> Facts:
        """What it says of its platform."""
        facts: Facts = kind.facts
        return facts

    @pytest.fixture
    def open_stand(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStand]:
        """Opens connections, and closes them behind the test."""
        opened: list[Stand] = []

        def opening(**how: Any) -> Stand:
            stand = _open(self, request.config, tmp_path, **how)
            opened.append(stand)
            return stand

        yield opening
        for stand in opened:
            stand.close()

    @pytest.fixture
    def stand(self, open_stand: OpenStand) -> Stand:
        """A connection to an account with three orders."""
        return open_stand(orders=3)

    @pytest.fixture
    def lasting_stand(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Stand]:
        """A connection that the tests of a class share, as long as none of them fails: what is looked up once is known."""
        node = request.node.getparent(pytest.Class)
        stand = node.stash.get(_LASTING, None)
        if stand is None:
            stand = _open(self, request.config, tmp_path_factory.mktemp("account"), orders=3)
            node.stash[_LASTING] = stand
            node.addfinalizer(stand.close)
        failed = request.session.testsfailed
        yield stand
        if request.session.testsfailed > failed:
            stand.close()
            del node.stash[_LASTING]


def _name(subject: Subject, config: pytest.Config) -> str:
    return subject.platform or str(config.getoption("--ordersync-platform", default="") or "")


def _connector(subject: Subject, config: pytest.Config) -> Any:
    if subject.connector is not None:
        return subject.connector
    name = _name(subject, config)
    if not name:
        pytest.fail(
            "name the connector: `platform = …` in the class, or --ordersync-platform NAME", pytrace=False
        )
    return connector_class(name)


def _sandbox(subject: Subject, config: pytest.Config) -> type[Sandbox] | None:
    if subject.sandbox is not None:
        return subject.sandbox
    name = _name(subject, config)
    if subject.connector is not None or not name:
        return None
    try:
        return sandbox_class(name)
    except NotOffered:
        return None


def _open(
    subject: Subject,
    config: pytest.Config,
    folder: Path,
    *,
    orders: int = 0,
    sandbox: Sandbox | None = None,
    options: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Stand:
    kind, stand_in = _connector(subject, config), _sandbox(subject, config)
    name = _name(subject, config) or (stand_in.platform if stand_in else "") or kind.__name__
    live_settings = config.getoption("--ordersync-live", default=None)
    if live_settings:
        from ordersync.testing.contract.live import open_live

        if sandbox is not None or options:
            pytest.skip("live: needs a sandbox")
        return open_live(subject, config, Path(live_settings), name, kind, stand_in)
    clock: Clock = sandbox.clock if sandbox else VirtualClock()
    if sandbox is None and stand_in is not None:
        sandbox = stand_in(clock=clock, orders=orders, options={**subject.options, **(options or {})})
    if sandbox is not None:
        section = dict(sandbox.settings(f"http://{name}.sandbox"))
        section.pop("connector", None)
    else:
        section = dict(subject.section(folder))
    section |= {**subject.settings, **(settings or {})}
    try:
        checked = kind.settings_model.model_validate(section)
    except ValidationError:
        if sandbox is None:
            pytest.skip(f"{name} has no sandbox, and needs settings: override `section`")
        raise
    inner: httpx.BaseTransport | None = sandbox.transport() if sandbox else None
    wire = Wire(inner, clock, change_by(sandbox), operations_by(sandbox))
    access = WatchedAccess(connection="contract", clock=clock, transport=wire)
    return stand_on(subject, name, kind, checked, access, wire, sandbox)


def stand_on(
    subject: Subject,
    name: str,
    kind: Any,
    settings: Any,
    access: WatchedAccess,
    wire: Wire,
    sandbox: Sandbox | None,
) -> Stand:
    """Build the connector and look at the account once, which is where logins are told from writes."""
    problem = ""
    try:
        connection = Connection("contract", name, kind(settings, access))
    except PluginBroken as error:
        problem = str(error)
    if problem:
        broken(
            "contract_kept",
            expected="a connector that the core accepts",
            seen=problem,
            do="give the hook the specification's name, parameters and annotations (ordersync.hookspecs.ConnectorSpecs)",
        )
    stand = Stand(subject, connection, access, settings, wire, access.clock, sandbox)
    if "check_access" in connection.offers:
        with wire.watching() as seen:
            connection.check_access(thorough=False)
        wire.learn_logins(seen)
    return stand
