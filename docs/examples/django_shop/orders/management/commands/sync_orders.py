"""`python manage.py sync_orders ROUTE`: for cron, or a button in the admin. A sync takes minutes: not for a view."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ordersync import Host, OrderSyncError, load_settings


class Command(BaseCommand):
    help = "Carry over what is new on a route."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("route")
        parser.add_argument("--limit", type=int)

    def handle(self, *, route: str, limit: int | None, **_: object) -> None:
        try:
            with Host.open(load_settings(settings.ORDERSYNC_SETTINGS)) as host:
                report = host.sync(route, everything=host.is_new(route), limit=limit)
        except OrderSyncError as error:
            raise CommandError(str(error), returncode=3) from None
        self.stdout.write(f"{report.created} created, {report.parked} parked, {report.failed} failed")
        if report.parked or report.failed:
            raise CommandError("some orders need a person or another run", returncode=1)
