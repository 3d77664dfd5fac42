"""The account's time of day: SuiteQL's dates are local to it, records tell UTC.

That SuiteQL is local is reported, not documented, so nothing is taken for granted: the difference is measured on the
order that changed last, which is read both ways. A zone in the settings counts if it agrees with that.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ordersync import UnexpectedReply
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, select
from ordersync_erp_netsuite.wire import OrderRecord, OrderRow

__all__ = ["MASK", "AccountTime", "local_of", "local_text", "times_of_change"]

MASK = "YYYY-MM-DD HH24:MI:SS"
FARTHEST_WEST, FARTHEST_EAST = timedelta(hours=-12), timedelta(hours=14)
HOUR = timedelta(hours=1)
"""What a change between winter and summer time may make of a difference that was measured."""
MEASUREMENTS = 3
"""How often it is tried, if the order changes again just while it is read."""
_QUARTER = 900


class AccountTime:
    """Translates between the account's local time and UTC."""

    def __init__(self, suite: Suite, settings: NetSuiteSettings) -> None:
        self._suite = suite
        self._zone = ZoneInfo(settings.timezone) if settings.timezone else None
        self._measured: tuple[timedelta, datetime] | None = None

    def day(self, moment: datetime) -> date:
        """The day in the account at this moment; without a zone in the settings, the day in UTC."""
        return moment.astimezone(self._zone or UTC).date()

    def noon(self, day: date) -> datetime:
        """A moment of a day in the account for which no time is told: its noon."""
        return datetime(day.year, day.month, day.day, 12, tzinfo=self._zone or UTC).astimezone(UTC)

    def local_from(self, moment: datetime) -> datetime:
        """A local time at or before that of every change made at or after `moment`. Never too late."""
        zone, difference = self._trusted(), self._difference()
        if zone:
            offsets = [(moment + gone).astimezone(zone).utcoffset() for gone in (timedelta(0), 2 * HOUR)]
            least = min(each for each in offsets if each is not None)
        else:
            least = FARTHEST_WEST if difference is None else difference - HOUR
        return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0) + least

    def seen_through(self, local: datetime) -> datetime:
        """A moment up to which every change has a local time at or before `local`. Never too late."""
        zone, difference = self._trusted(), self._difference()
        if zone:
            moment = local.replace(tzinfo=zone).astimezone(UTC)
            before = (moment - 2 * HOUR).astimezone(zone).utcoffset()
            return moment if before == moment.astimezone(zone).utcoffset() else moment - HOUR
        if difference is None:
            return (local - FARTHEST_EAST).replace(tzinfo=UTC)
        return (local - difference - HOUR).replace(tzinfo=UTC)

    def disagrees(self) -> bool:
        """Whether the settings' zone is not that of SuiteQL's dates, as far as that can be measured."""
        return self._zone is not None and self._difference() is not None and self._trusted() is None

    def _trusted(self) -> ZoneInfo | None:
        """The settings' zone, if it gives the difference that was measured."""
        self._difference()
        if self._zone is None or self._measured is None:
            return None
        difference, at = self._measured
        return self._zone if at.astimezone(self._zone).utcoffset() == difference else None

    def _difference(self) -> timedelta | None:
        """Local time less UTC, in quarters of an hour; None if there is no order to measure it on."""
        for _ in range(MEASUREMENTS):
            if self._measured is not None:
                break
            last = self._suite.query(
                OrderRow, times_of_change(order="lastmodifieddate DESC, id DESC"), most=1
            )
            if not last:
                break
            (row,) = last
            told = self._suite.record("salesOrder", row.id, fields="lastModifiedDate")
            again = self._suite.query(OrderRow, times_of_change(f" AND id = {int(row.id)}"), most=1)
            if told and [each.changed for each in again] == [row.changed]:
                at = OrderRecord.model_validate({"id": row.id, **told}).changed.astimezone(UTC)
                quarters = (local_of(row.changed) - at.replace(tzinfo=None)).total_seconds() / _QUARTER
                found = timedelta(seconds=round(quarters) * _QUARTER)
                if FARTHEST_WEST <= found <= FARTHEST_EAST:
                    self._measured = found, at
        return self._measured[0] if self._measured else None


def times_of_change(more: str = "", *, order: str = "id") -> str:
    """A query for orders and when they changed; `more` are further conditions, each with its AND."""
    columns = f"id, TO_CHAR(lastmodifieddate, '{MASK}') AS changed"
    return select(columns, "transaction", where=f"type = 'SalesOrd'{more}", order=order)


def local_of(text: str) -> datetime:
    """`2026-11-01 10:30:00` as it stands. Raises UnexpectedReply for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - local to the account, on purpose
    except ValueError:
        raise UnexpectedReply("NetSuite gave a time in a form that was not asked for.") from None


def local_text(local: datetime) -> str:
    """The inverse of `local_of`."""
    return local.strftime("%Y-%m-%d %H:%M:%S")
