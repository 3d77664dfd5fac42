"""A process that syncs the route of a settings file once, as a host would, with short leases so that a test need not wait."""

from __future__ import annotations

import sys
from datetime import timedelta

from ordersync.connection import Connection
from ordersync.host import Host
from ordersync.settings import load_settings
from ordersync.transfer import Transfer

SHORT = timedelta(seconds=1)


class Hasty(Host):
    """Believes that the target settles at once, and that a claim holds for a second."""

    def _transfer(self, name: str) -> Transfer:
        made = super()._transfer(name)
        made._lease = SHORT
        return made


def main(settings: str) -> int:
    facts = Connection.facts.fget  # type: ignore[attr-defined]
    hasty = {"settle_time": SHORT, "index_lag": timedelta(0)}
    Connection.facts = property(lambda self: facts(self).model_copy(update=hasty))  # type: ignore[method-assign, assignment]
    with Hasty.open(load_settings(settings), workers=1) as host:
        report = host.sync("orders", everything=True)
    print(report.created, report.unchanged, report.failed)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
