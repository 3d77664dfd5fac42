"""The ledger's tables as they are now. Ids and keys only; personal data stands in `payloads` alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

__all__ = [
    "Moment",
    "bindings",
    "budgets",
    "customers",
    "items",
    "metadata",
    "moment",
    "moment_of",
    "orders",
    "payloads",
    "problems",
    "routes",
    "runs",
    "told",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(stored: int) -> datetime:
    """A `Moment` as it is stored."""
    return _EPOCH + timedelta(microseconds=stored)


def moment_of(stored: int | None) -> datetime | None:
    """The same where there may be none."""
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


class Moment(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970: exact and comparable in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy calls it so
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it so
        return moment_of(value)


metadata = MetaData()

bindings = Table(
    "bindings",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("platform", String(100), nullable=False),
    Column("account", String(255), nullable=False),
    Column("bound_at", Moment, nullable=False),
    comment="which account a connection's name stands for",
)

routes = Table(
    "routes",
    metadata,
    Column("route", String(100), primary_key=True),
    Column("watermark", Moment, comment="every order changed up to here has its outcome recorded"),
    Column("settings_hash", String(32)),
    Column("begins", Moment, comment="how far back its first sync was told to go"),
    Column("halted", JSON(none_as_null=True), comment="why it stands still, if it does"),
    Column("updated_at", Moment, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("route", String(100), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("key", String(64), nullable=False, comment="the identity on the target"),
    Column("number", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("source_updated_at", Moment, nullable=False),
    Column("source_print", String(64), nullable=False, comment="fingerprint of the order's content"),
    Column("settings_hash", String(32), nullable=False),
    Column("draft_print", String(64), comment="fingerprint of what was sent"),
    Column("target_id", String(255)),
    Column("target_number", String(255)),
    Column(
        "problem",
        JSON(none_as_null=True),
        comment="why it is parked or skipped, the first reason: code, message, remedy, place, subject",
    ),
    Column("subject", String(255), comment="no longer used"),
    Column("attempts", Integer, nullable=False, default=0),
    Column(
        "failures", Integer, nullable=False, default=0, comment="times in a row it could not be worked on"
    ),
    Column("retry_at", Moment, comment="not to be tried again before"),
    Column("sent_at", Moment, comment="when the last write left"),
    Column(
        "looks", Integer, nullable=False, default=0, comment="how often a lost write was looked for in vain"
    ),
    Column("looked_at", Moment),
    Column("owner", String(64), comment="the worker that holds the claim"),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, default=0, comment="counts claims: an old holder cannot write"),
    Column("run", String(32)),
    Column("first_seen", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("orders_by_state", "route", "state"),
    Index("orders_by_key", "key"),
)

problems = Table(
    "problems",
    metadata,
    Column("route", String(100), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(255), nullable=False, comment="what a parked order waits for, e.g. sku:ABC"),
    Column("problem", JSON, nullable=False),
    ForeignKeyConstraint(["route", "source_id"], ["orders.route", "orders.source_id"], ondelete="CASCADE"),
    Index("problems_by_subject", "route", "subject"),
    comment="everything that is in the way of parked orders",
)

payloads = Table(
    "payloads",
    metadata,
    Column("route", String(100), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("draft", LargeBinary, nullable=False, comment="the draft as sent, until the order is done"),
    Column("customer", String(64), comment="the customer's key, for erasing"),
    Column("kept_since", Moment, nullable=False),
    ForeignKeyConstraint(["route", "source_id"], ["orders.route", "orders.source_id"], ondelete="CASCADE"),
)

customers = Table(
    "customers",
    metadata,
    Column("connection", String(100), primary_key=True, comment="the target"),
    Column("key", String(64), primary_key=True),
    Column(
        "ref",
        JSON(none_as_null=True),
        comment="the customer there; null while a create is under way or in doubt",
    ),
    Column("sent_at", Moment, comment="when a create left whose answer is not recorded"),
    Column("twin", String(255), comment="a second record there, made by a worker that had stood still"),
    Column("looks", Integer, nullable=False, default=0),
    Column("looked_at", Moment),
    Column("owner", String(64)),
    Column("lease_until", Moment),
    Column("updated_at", Moment, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("connection", String(100), primary_key=True, comment="the target"),
    Column("sku", String(255), primary_key=True),
    Column("item", JSON, nullable=False),
    Column("looked_up_at", Moment, nullable=False),
    comment="what a target's SKUs stood for when they were looked up last",
)

budgets = Table(
    "budgets",
    metadata,
    Column("budget", String(64), primary_key=True, comment="a hash of platform, account and rule"),
    Column("state", JSON, nullable=False, comment="what is left, and which process holds how much of it"),
    Column("changed_at", Moment, nullable=False),
    comment="rate budgets that several processes share",
)

runs = Table(
    "runs",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("route", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("report", JSON),
    Index("runs_by_route", "route", "started_at"),
)

told = Table(
    "told",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("route", String(100), nullable=False),
    Column("source_id", String(255)),
    Column("run", String(32)),
    Column("extension", String(100), nullable=False),
    Column("hook", String(40), nullable=False),
    Column("error", Text, nullable=False, comment="empty if the listener went well"),
    Column("at", Moment, nullable=False),
)
