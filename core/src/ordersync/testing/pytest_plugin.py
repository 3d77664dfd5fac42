"""What ordersync adds to pytest: options of the contract suite and the mark of its rules. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_collection_finish", "pytest_configure", "pytest_terminal_summary"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the contract suite."""
    group = parser.getgroup("ordersync", "contract suite of ordersync connectors")
    group.addoption(
        "--ordersync-platform",
        default="",
        metavar="NAME",
        help="the connector that ordersync.testing.contract.suite tests, by its entry name",
    )
    group.addoption(
        "--ordersync-live",
        default=None,
        metavar="SETTINGS",
        help="run the contract suite against the real account of the connection in this settings file whose connector"
        " is the platform; it writes there",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "ordersync_rule(name): the rule of ordersync's quality scale that this test proves"
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what will be written to a real account, before the first test."""
    config = session.config
    suite = [item for item in session.items if item.get_closest_marker("ordersync_rule")]
    if not config.getoption("--ordersync-live") or not suite or config.option.collectonly:
        return
    from ordersync.testing.contract.live import announcement

    asked = str(config.getoption("--ordersync-platform"))
    names = {str(getattr(getattr(item, "cls", None), "platform", "") or asked) for item in suite}
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.ensure_newline()
        for line in announcement(config, sorted(names - {""})):
            reporter.write_line(line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the suite left on a real account."""
    if not config.getoption("--ordersync-live"):
        return
    from ordersync.testing.contract.live import left_behind

    left = left_behind(config)
    if left:
        terminalreporter.section("left on the real account")
        for line in left:
            terminalreporter.write_line(line)
