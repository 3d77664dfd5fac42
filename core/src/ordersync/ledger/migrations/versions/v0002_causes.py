"""Every cause of a parked order, spaced retries, where a route begins, halted routes.

`orders.subject` is no longer read or written: what an order waits for stands in `problems`. The column stays, since
old versions of SQLite cannot drop one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new, and carry over what parked orders wait for."""
    op.add_column("orders", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("retry_at", sa.BigInteger))
    op.add_column("customers", sa.Column("twin", sa.String(255)))
    op.add_column("routes", sa.Column("begins", sa.BigInteger))
    op.add_column("routes", sa.Column("halted", sa.JSON))
    op.create_table(
        "problems",
        sa.Column("route", sa.String(100), primary_key=True),
        sa.Column("source_id", sa.String(255), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("problem", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["route", "source_id"], ["orders.route", "orders.source_id"], ondelete="CASCADE"
        ),
    )
    op.create_index("problems_by_subject", "problems", ["route", "subject"])
    op.execute(
        "INSERT INTO problems (route, source_id, place, subject, problem) "
        "SELECT route, source_id, 0, COALESCE(subject, 'unknown'), problem FROM orders "
        "WHERE state = 'parked' AND problem IS NOT NULL"
    )
    op.drop_index("orders_by_subject", "orders")
