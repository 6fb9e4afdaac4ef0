"""Alembic runs this with a connection of the store; nothing here is called by hand."""

from alembic import context

from formsvc.store.models import Office

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Office.metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
