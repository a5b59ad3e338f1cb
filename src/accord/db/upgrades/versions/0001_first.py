"""The first schema."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from alembic import op

from accord.db.schema import metadata

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

STORES = ("accord.ledger.store", "accord.policy.store", "accord.promise.store", "accord.connect.store")


def upgrade() -> None:
    for name in STORES:
        if find_spec(name) is not None:
            import_module(name)
    metadata.create_all(op.get_bind())
