"""Items of a target as they were looked up, with their age."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "items",
        sa.Column("connection", sa.String(100), primary_key=True),
        sa.Column("sku", sa.String(255), primary_key=True),
        sa.Column("item", sa.JSON, nullable=False),
        sa.Column("looked_up_at", sa.BigInteger, nullable=False),
    )
