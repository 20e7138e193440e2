"""What Alembic runs to apply revisions: on the connection it is given, inside the transaction that is open there."""

from alembic import context

from agent_state.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
