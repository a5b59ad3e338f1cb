"""Which rows does the ledger keep?

The key comes first in every primary key, so that the ledger can be spread over several databases by key. Rows are
never overwritten: each has the key's version that brought it and the one that ended it (NULL = in force).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, LargeBinary, Table, text

from accord.db.records import table_of_records
from accord.db.schema import Moment, Words, metadata

IN_FORCE = text("version_to IS NULL")
RECEIPT = text("version_to IS NULL AND kind <> 'on_hand'")
OPEN = text("version_to IS NULL AND state IN ('held', 'committed')")

record = table_of_records("ledger_record")

# One row a key: what a decision needs of it, packed, and what the database itself checks.
key = Table(
    "ledger_key",
    metadata,
    Column("key", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("profile", LargeBinary, nullable=False),  # msgpack of Profile
    Column("lowest", BigInteger, nullable=False),  # of the projection over all days from today on
    Column("shortfall_max", BigInteger, nullable=False),  # how far below zero supply news has pushed it
    Column("next_expiry_at", Moment),
    Column("rolled_to", Integer, nullable=False),
    Column("latest_at", Moment, nullable=False),
    # What makes overpromising impossible to write down, whatever the code does.
    CheckConstraint("lowest + shortfall_max >= 0", name="covered"),
    CheckConstraint("shortfall_max >= 0", name="shortfall"),
    Index("ix_ledger_key_next_expiry_at", "next_expiry_at", sqlite_where=text("next_expiry_at IS NOT NULL"),
          postgresql_where=text("next_expiry_at IS NOT NULL")),
    postgresql_with={"fillfactor": 70},  # room for the next version of the row on its own page
)  # fmt: skip

supply = Table(
    "ledger_supply",
    metadata,
    Column("key", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("version_from", BigInteger, primary_key=True, autoincrement=False),
    Column("version_to", BigInteger),
    Column("kind", Words, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("on_day", Integer, nullable=False),
    Column("due_on", Integer),
    Column("released", Boolean, nullable=False),
    Column("proposed_by", Words),
    Column("expires_at", Moment),
    Column("lot_quantity", BigInteger, nullable=False),
    Column("lot_on", Integer, nullable=False),
    Column("starts_on", Integer, nullable=False),
    Column("ref", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("lot", Words),
    Column("expires_on", Integer),
    Column("counts", Words, nullable=False),
    Column("doubts", Words, nullable=False),  # JSON list of keys
    Column("as_of", Moment, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("quantity >= 0", name="quantity"),
    Index("ix_ledger_supply_in_force", "key", "id", unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    Index("ix_ledger_supply_receipt", "id", sqlite_where=RECEIPT, postgresql_where=RECEIPT),
    Index("ix_ledger_supply_proposed_by", "proposed_by",
          sqlite_where=text("version_to IS NULL AND proposed_by IS NOT NULL"),
          postgresql_where=text("version_to IS NULL AND proposed_by IS NOT NULL")),
)  # fmt: skip

draw = Table(
    "ledger_draw",
    metadata,
    Column("key", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("version_from", BigInteger, primary_key=True, autoincrement=False),
    Column("version_to", BigInteger),
    Column("owner", Words, nullable=False),
    Column("promise", Words),
    Column("on_day", Integer, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("expires_at", Moment),
    Column("life_days", Integer, nullable=False),
    Column("feeds", Words),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("ix_ledger_draw_in_force", "key", "id", unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    Index("ix_ledger_draw_key_feeds", "key", "feeds",
          sqlite_where=text("version_to IS NULL AND feeds IS NOT NULL"),
          postgresql_where=text("version_to IS NULL AND feeds IS NOT NULL")),
    Index("ix_ledger_draw_key_expires_at", "key", "expires_at",
          sqlite_where=text("version_to IS NULL AND expires_at IS NOT NULL"),
          postgresql_where=text("version_to IS NULL AND expires_at IS NOT NULL")),
    Index("ix_ledger_draw_promise_key", "promise", "key", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    Index("ix_ledger_draw_owner", "owner", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
)  # fmt: skip

commitment = Table(
    "ledger_commitment",
    metadata,
    Column("key", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("version_from", BigInteger, primary_key=True, autoincrement=False),
    Column("version_to", BigInteger),
    Column("promise", Words, nullable=False),
    Column("line", Integer, nullable=False),
    Column("item", Words, nullable=False),
    Column("site", Words, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("ship_on", Integer, nullable=False),
    Column("deliver_on", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("fulfilled", BigInteger, nullable=False),
    Column("opening", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    CheckConstraint("fulfilled >= 0 AND fulfilled <= quantity", name="fulfilled"),
    Index("ix_ledger_commitment_in_force", "key", "id", unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    # News looks at what is open, however much was delivered before.
    Index("ix_ledger_commitment_open", "key", "id", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_ledger_commitment_promise", "promise", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    Index("ix_ledger_commitment_id", "id", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
)  # fmt: skip

# Goods that came or left; facts, never changed.
movement = Table(
    "ledger_movement",
    metadata,
    Column("key", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("lot", Words),
    Column("commitment", Words),
    Index("ix_ledger_movement_key_at", "key", "at"),
)

exception = Table(
    "ledger_exception",
    metadata,
    Column("key", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("commitment", Words, nullable=False),
    Column("cause", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("short", BigInteger, nullable=False),
    Column("closed_at", Moment),
    Column("closed_why", Words, nullable=False),
    CheckConstraint("owner <> ''", name="owner"),
    # At most one open exception a commitment.
    Index("uq_ledger_exception_open", "key", "commitment", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
    Index("ix_ledger_exception_id", "id"),
)  # fmt: skip

# The news as it was told; facts, never changed.
cause = Table(
    "ledger_cause",
    metadata,
    Column("id", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("actor", Words, nullable=False),
    Column("news_id", Words, nullable=False, unique=True),  # the caller's id of it
    # Who told what when: the latest of each is one step into it.
    Index("ix_ledger_cause_actor_kind_at", "actor", "kind", "at"),
)
