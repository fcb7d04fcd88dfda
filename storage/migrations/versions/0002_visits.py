"""A visitor's earlier sessions are found by an index."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_sessions_visitor_last_at"), "sessions", ["visitor", "last_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_sessions_visitor_last_at"), table_name="sessions")
