"""A worker: carries over what is new on every route, once a minute, until it is told to stop.

SIGTERM and Ctrl-C let the order in hand be finished. Run as many as you like on one PostgreSQL ledger.
"""

import logging
import signal
import sys
import threading

from ordersync import AccessDenied, Halted, Host, OrderSyncError, TryLater, load_settings

EVERY = 60.0
log = logging.getLogger("worker")
stop = threading.Event()


def main(path: str = "ordersync.toml") -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings(path)
    with Host.open(settings) as host:
        while not stop.is_set():
            for route in settings.routes:
                if not stop.is_set():
                    carry(host, route)
            stop.wait(EVERY)
    log.info("stopped")
    return 0


def carry(host: Host, route: str) -> None:
    """One run of one route. What ends a run ends no other: the ledger knows where to go on."""
    try:
        report = host.sync(route, everything=host.is_new(route), stop=stop)
    except TryLater as error:
        log.warning("%s: %s", route, error)
    except Halted as error:
        log.error("%s stands still: %s", route, error)
    except AccessDenied as error:
        log.error("%s needs new credentials: %s", route, error)
    except OrderSyncError as error:
        log.error("%s: %s", route, error)
    else:
        log.info("%s: %s created, %s parked, %s failed", route, report.created, report.parked, report.failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
