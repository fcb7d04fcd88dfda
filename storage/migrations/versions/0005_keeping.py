"""Which keys sealed what is here; sessions are found by age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_keys")),
    )
    op.create_index(op.f("ix_sessions_last_at"), "sessions", ["last_at"], unique=False)
    with op.batch_alter_table("requests") as table:
        table.alter_column("fingerprint", existing_type=sa.String(length=64), type_=sa.Text(), existing_nullable=False)


def downgrade() -> None:
    # What is sealed is longer, and means nothing to the version before; a call that comes again is then a new one.
    op.execute("DELETE FROM requests WHERE length(fingerprint) > 64")
    with op.batch_alter_table("requests") as table:
        table.alter_column("fingerprint", existing_type=sa.Text(), type_=sa.String(length=64), existing_nullable=False)
    op.drop_index(op.f("ix_sessions_last_at"), table_name="sessions")
    op.drop_table("encryption_keys")
