"""Sessions know their site; a call that comes twice is known again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("site", sa.String(length=64), server_default="", nullable=False))
    op.add_column("sessions", sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
    op.create_table(
        "requests",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_requests_session_id_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "key", name=op.f("pk_requests")),
    )


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_column("sessions", "tags")
    op.drop_column("sessions", "site")
