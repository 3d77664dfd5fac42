"""`python -m ordersync.testing.recording`: record what a connection reads, check files, report what was replaced."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice

from ordersync.connection import Connection
from ordersync.discovery import connector_class
from ordersync.errors import OrderSyncError
from ordersync.host import Host
from ordersync.model import OrderQuery
from ordersync.settings import check_connection, load_settings
from ordersync.testing.recording.file import Recording
from ordersync.testing.recording.recorder import Recorder

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 if all is well, 2 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m ordersync.testing.recording", description="Recordings of a platform, without secrets."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="record what a connection reads; nothing is written there")
    record.add_argument("settings", help="the settings file")
    record.add_argument("connection", help="the connection's name in it")
    record.add_argument("--to", required=True, metavar="FILE", help="the recording")
    record.add_argument("--orders", type=int, default=5, metavar="N", help="how many orders  [default: 5]")
    report = commands.add_parser("report", help="check a recording, and say what was replaced in it")
    report.add_argument("file")
    given = parser.parse_args(arguments)
    try:
        if given.command == "record":
            recording = _recorded(given.settings, given.connection, given.orders)
            recording.save(given.to)
        else:
            recording = Recording.load(given.file)
    except (OrderSyncError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for kind, place, count in recording.report():
        sys.stdout.write(f"{count:6}  {kind:16} {place}\n")
    sys.stdout.write(f"{len(recording.exchanges)} requests to {recording.platform}.\n")
    sys.stdout.write("Read the file before you give it away: no rule knows everything.\n")
    return 0


def _recorded(path: str, name: str, orders: int) -> Recording:
    settings = load_settings(path)
    connector = connector_class(settings.connection(name).connector)
    options = check_connection(settings, name, connector.settings_model)
    recorder = Recorder(settings.connection(name).connector, settings=options, facts=connector.facts)
    with Host.open(settings, transports={name: recorder.transport()}) as host:
        _read(host.connection(name), orders)
    return recorder.recording()


def _read(connection: Connection, orders: int) -> None:
    """Ask what a connector can be asked without changing anything."""
    connection.check_access()
    found = []
    if "list_orders" in connection.offers:
        pages = connection.list_orders(OrderQuery())
        found = list(islice((order for page in pages for order in page.orders), orders))
    for order in found:
        if "get_order" in connection.offers:
            connection.get_order(order.id)
    skus = dict.fromkeys(line.sku for order in found for line in order.lines if line.sku)
    for sku in islice(skus, orders):
        item = connection.resolve_sku(sku) if "resolve_sku" in connection.offers else None
        if item and "check_stock" in connection.offers:
            connection.check_stock(item)


if __name__ == "__main__":
    sys.exit(main())
