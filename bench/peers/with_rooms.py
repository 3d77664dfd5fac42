"""ordersync as in `with_ordersync`, and what each of its rooms took."""

from __future__ import annotations

from bench.peers.arguments import task
from bench.peers.with_ordersync import prepared
from bench.rooms import Rooms
from bench.stopwatch import measured
from ordersync.host import Host


def main() -> None:
    settings = prepared(task(__doc__))
    rooms = Rooms()
    rooms.install()
    with measured() as notes, Host.open(str(settings)) as host:
        notes["created"] = host.sync("orders", everything=True).created
        notes["rooms"] = dict(rooms.seconds)


if __name__ == "__main__":
    main()
