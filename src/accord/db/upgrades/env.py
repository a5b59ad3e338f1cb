"""How Alembic runs the steps: on the connection it is given, inside the transaction that is open there."""

from __future__ import annotations

from alembic import context

from accord.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's too: the transaction was begun by us, not by the driver
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
