"""The first ledger.

Written out, and never changed again: later tables come by later migrations.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "bindings",
        sa.Column("connection", sa.String(100), primary_key=True),
        sa.Column("platform", sa.String(100), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("bound_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "routes",
        sa.Column("route", sa.String(100), primary_key=True),
        sa.Column("watermark", sa.BigInteger),
        sa.Column("settings_hash", sa.String(32)),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("route", sa.String(100), primary_key=True),
        sa.Column("source_id", sa.String(255), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("source_updated_at", sa.BigInteger, nullable=False),
        sa.Column("source_print", sa.String(64), nullable=False),
        sa.Column("settings_hash", sa.String(32), nullable=False),
        sa.Column("draft_print", sa.String(64)),
        sa.Column("target_id", sa.String(255)),
        sa.Column("target_number", sa.String(255)),
        sa.Column("problem", sa.JSON),
        sa.Column("subject", sa.String(255)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("run", sa.String(32)),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("orders_by_state", "orders", ["route", "state"])
    op.create_index("orders_by_key", "orders", ["key"])
    op.create_index("orders_by_subject", "orders", ["route", "subject"])
    op.create_table(
        "payloads",
        sa.Column("route", sa.String(100), primary_key=True),
        sa.Column("source_id", sa.String(255), primary_key=True),
        sa.Column("draft", sa.LargeBinary, nullable=False),
        sa.Column("customer", sa.String(64)),
        sa.Column("kept_since", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["route", "source_id"], ["orders.route", "orders.source_id"], ondelete="CASCADE"
        ),
    )
    op.create_table(
        "customers",
        sa.Column("connection", sa.String(100), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("ref", sa.JSON),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("report", sa.JSON),
    )
    op.create_index("runs_by_route", "runs", ["route", "started_at"])
    op.create_table(
        "told",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("source_id", sa.String(255)),
        sa.Column("run", sa.String(32)),
        sa.Column("extension", sa.String(100), nullable=False),
        sa.Column("hook", sa.String(40), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
