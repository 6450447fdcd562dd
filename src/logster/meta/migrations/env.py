"""Where Alembic starts: one transaction, given by `logster.meta.database`, holds every step."""

from alembic import context

from logster.meta.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter most things in place; batch steps copy the table instead.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
