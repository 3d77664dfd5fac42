"""Opening a ledger: engine, pragmas, migrations, and the two kinds of transaction."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from ordersync.errors import LedgerTrouble
from ordersync.web import Clock

__all__ = ["HEAD", "Store"]

HEAD = "0004"
"""The newest migration that this version knows."""
_KNOWN = ("0001", "0002", "0003", "0004")
BUSY = 30_000
"""How long a SQLite ledger is waited for while another process writes to it; milliseconds."""

MEASURED = 200
"""How many orders are met before PostgreSQL's statistics matter."""
_STATISTICS = (
    "SELECT 1 FROM pg_stats WHERE tablename = 'orders' AND schemaname = ANY (current_schemas(false)) LIMIT 1"
)


class Store:
    """A database that holds a ledger. Several processes may use one at once."""

    _measured = False
    _met = 0

    def __init__(self, url: str, clock: Clock) -> None:
        """Open, and create or upgrade the tables. Raises LedgerTrouble with one clear line."""
        self.clock = clock
        self._memory_lock: threading.RLock | None = None
        self.engine = self._engine(url)
        self._writing: Engine = self.engine.execution_options(writing=True)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._write_lock = threading.RLock() if self.sqlite else None
        """Threads of one process take turns at once; SQLite's own waiting sleeps in between."""
        try:
            self._migrate()
        except LedgerTrouble:
            self.engine.dispose()
            raise
        except DatabaseError as error:
            self.engine.dispose()
            raise self._trouble(error) from None
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise LedgerTrouble(f"The ledger cannot be opened ({type(error).__name__}).") from None

    @classmethod
    def over(cls, database: Callable[[], sqlite3.Connection], clock: Clock) -> Self:
        """A ledger within a SQLite database that is open already and has the tables, for one thread. `database` is
        asked again after the engine was disposed of."""
        store = cls.__new__(cls)
        store.clock = clock
        store.sqlite = True
        store._memory_lock = None
        store._write_lock = None
        store.engine = sa.create_engine("sqlite://", creator=database, poolclass=StaticPool)

        @sa.event.listens_for(store.engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        store._writing = store.engine
        return store

    def copy_to(self, database: sqlite3.Connection) -> None:
        """Copy everything into another SQLite database. Only for ledgers in SQLite."""
        raw = self.engine.raw_connection()
        try:
            driver = raw.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(database)
        finally:
            raw.close()

    def _engine(self, url: str) -> Engine:
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise LedgerTrouble(
                "The ledger's url cannot be read.",
                remedy="Expected sqlite:///file.db or postgresql+psycopg://user@host/database.",
            ) from None
        if parsed.get_backend_name() != "sqlite":
            try:
                return sa.create_engine(parsed, pool_pre_ping=True)
            except ModuleNotFoundError as error:
                raise LedgerTrouble(
                    f"This ledger needs the package {error.name!r}.",
                    remedy="Install it with: pip install 'ordersync[postgresql]'",
                ) from None
        if parsed.database in (None, "", ":memory:"):
            self._memory_lock = threading.RLock()
            engine = sa.create_engine(
                "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        else:
            folder = Path(parsed.database).parent
            if not folder.is_dir():
                raise LedgerTrouble(f"The ledger's folder {folder} does not exist.")
            engine = sa.create_engine(parsed, connect_args={"timeout": BUSY / 1000})

        @sa.event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            try:
                for pragma in (
                    "journal_mode=WAL",
                    "synchronous=FULL",
                    "foreign_keys=ON",
                    "secure_delete=ON",
                    f"busy_timeout={BUSY}",
                ):
                    connection.execute(f"PRAGMA {pragma}").close()
            except sqlite3.Error:
                connection.close()
                raise

        @sa.event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            writing = connection.get_execution_options().get("writing", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; in SQLite it takes the write lock at once."""
        with self._transaction(writing=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        lock = self._memory_lock or (self._write_lock if writing else None)
        if lock:
            lock.acquire()
        try:
            with (self._writing if writing else self.engine).begin() as connection:
                yield connection
        except DatabaseError as error:
            raise self._trouble(error) from error
        finally:
            if lock:
                lock.release()

    def now(self, connection: Connection) -> datetime:
        """The time that leases go by: the database's own where several machines share it."""
        if self.sqlite:
            return self.clock.now()
        moment = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        assert isinstance(moment, datetime)
        return moment

    def met(self, rows: int) -> None:
        """Orders were looked up. Where PostgreSQL has no statistics yet it is made to gather them, once: by itself it does
        so within a minute, in which a first run makes thousands of orders, and until then it goes through all orders
        of a route for every window."""
        if self.sqlite or self._measured:
            return
        self._met += rows
        if self._met < MEASURED:
            return
        self._measured = True
        with self._transaction(writing=True) as db:
            if db.exec_driver_sql(_STATISTICS).first() is None:
                db.exec_driver_sql("ANALYZE orders, customers")

    def vacuum(self, tables: Iterable[str]) -> None:
        """Give the room of deleted rows back. Raises LedgerTrouble, e.g. if the disk has no room for the copy."""
        try:
            if self.sqlite:
                raw = self.engine.raw_connection()
                try:
                    for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                        raw.cursor().execute(statement).close()
                finally:
                    raw.close()
                return
            with self.engine.connect() as plain:
                connection = plain.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    connection.exec_driver_sql(f"VACUUM ANALYZE {table}")
        except DatabaseError as error:
            raise self._trouble(error) from error
        except sqlite3.Error as error:
            raise LedgerTrouble(f"The ledger cannot be made smaller ({error}).") from error

    def close(self) -> None:
        self.engine.dispose()

    def _migrate(self) -> None:
        with self._transaction(writing=False) as connection:
            version = self._version(connection)
        if version == HEAD:
            return
        if version is not None and version not in _KNOWN:
            raise LedgerTrouble(
                f"The ledger was written by a newer version of ordersync (migration {version}, this knows {HEAD}).",
                remedy="Upgrade ordersync; nothing was changed.",
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", os.fspath(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        with self._transaction(writing=True) as connection:
            if not self.sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7209001)"))
            if self._version(connection) != HEAD:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    @staticmethod
    def _version(connection: Connection) -> str | None:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()

    @staticmethod
    def _trouble(error: DatabaseError) -> LedgerTrouble:
        text = str(error.orig).splitlines()[0] if error.orig else type(error).__name__
        remedies = {
            "readonly": "The file or its folder is read-only: make it writable for this user.",
            "read-only": "The file or its folder is read-only: make it writable for this user.",
            "not a database": "The file is not a ledger, or it is damaged: restore a copy, or name another file.",
            "malformed": "The file is damaged: restore a copy.",
            "unable to open": "The file cannot be opened: check its path and rights.",
            "locked": "Another process holds it; is one hanging?",
            "disk is full": "Free some space.",
            "connection": "Check the address and whether the database runs.",
        }
        remedy = next((remedy for sign, remedy in remedies.items() if sign in text.lower()), "")
        return LedgerTrouble(f"The ledger cannot be used ({text}).", remedy=remedy)
