"""Run by Alembic for each migration; the connection, and its transaction, come from `storage.database`."""

from alembic import context

from storage.reviewing import tables  # noqa: F401  (they belong to the metadata, too)
from storage.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
