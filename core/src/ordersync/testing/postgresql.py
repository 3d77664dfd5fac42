"""A PostgreSQL for tests that need one: a schema of its own in the server that is at hand."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

__all__ = ["postgresql"]

DEFAULT = "postgresql+psycopg://postgres@127.0.0.1/postgres"


def postgresql() -> Iterator[str]:
    """The URL of an empty ledger in `$ORDERSYNC_TEST_POSTGRESQL` (or the local server), dropped afterwards.

    Skips the test with one line where there is no server.
    """
    base = os.environ.get("ORDERSYNC_TEST_POSTGRESQL", DEFAULT)
    schema = f"ordersync_{uuid.uuid4().hex[:12]}"
    try:
        engine = sa.create_engine(base, connect_args={"connect_timeout": 3})
        with engine.begin() as db:
            db.execute(sa.schema.CreateSchema(schema))
    except (sa.exc.OperationalError, ModuleNotFoundError) as error:
        pytest.skip(f"no PostgreSQL at hand ({type(error).__name__}); set ORDERSYNC_TEST_POSTGRESQL")
    try:
        yield f"{base}?options=-csearch_path%3D{schema}"
    finally:
        with engine.begin() as db:
            db.execute(sa.schema.DropSchema(schema, cascade=True))
        engine.dispose()
