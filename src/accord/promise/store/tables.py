"""Which rows are kept of promises, decisions and approvals?"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, text

from accord.db.schema import Moment, Words, metadata

# Every index is paid for by every promise, so what a stretch of another one can answer has none of its own.
_IN_FORCE = text("in_force")
_QUOTES = text("verb = 'quote'")
_HELD = text("in_force AND expires_at IS NOT NULL")

promise_table = Table(
    "promise",
    metadata,
    Column("id", Words, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("in_force", Boolean, nullable=False),
    Column("state", Words, nullable=False),
    Column("customer", Words),
    Column("actor", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("request_id", Words, nullable=False),
    Column("decision", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("due_on", Integer),  # the earliest day promised of its lines
    Column("value_minor", BigInteger),  # of the whole; NULL = no price is known
    Column("is_changed", Boolean, nullable=False),  # amended, or a line moved since it was first promised
    Column("item_ids", Words, nullable=False),  # sorted, each once, one a line
    Column("body", LargeBinary, nullable=False),  # msgpack of Promise
    Index("ix_promise_made_at", "made_at", "id", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    Index("ix_promise_customer", "customer", "made_at", "id", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    Index("ix_promise_ref", "ref", "made_at", "id", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    Index("ix_promise_expires_at", "expires_at", sqlite_where=_HELD, postgresql_where=_HELD),
)  # fmt: skip

decision_table = Table(
    "decision",
    metadata,
    Column("id", Words, primary_key=True),
    Column("request_id", Words, nullable=False),
    Column("verb", Words, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("now", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("graph_version", BigInteger, nullable=False),
    Column("policy_version", BigInteger, nullable=False),
    Column("engine_version", Words, nullable=False),
    Column("promise", Words),
    Column("before", BigInteger),  # the version of the promise that was read, NULL = none was
    Column("digest", Words, nullable=False),  # of the body
    Column("body", LargeBinary, nullable=False),  # canonical JSON of Decision
    Index("ix_decision_request_id", "request_id"),
    Index("ix_decision_promise", "promise", "id", sqlite_where=text("promise IS NOT NULL"),
          postgresql_where=text("promise IS NOT NULL")),
    # Few decisions are quotes, and only those are listed.
    Index("ix_decision_quote", "id", sqlite_where=_QUOTES, postgresql_where=_QUOTES),
)  # fmt: skip

# Each approval has a row that it was asked, and one that it was given or declined; neither is ever changed.
approval_table = Table(
    "approval",
    metadata,
    Column("id", Words, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("promise", Words),
    Column("expires_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),  # msgpack of Approval
    Index("ix_approval_promise", "promise", sqlite_where=text("promise IS NOT NULL"),
          postgresql_where=text("promise IS NOT NULL")),
)  # fmt: skip

# What somebody looks at again and again: the address of a list, under a name of his own.
view_table = Table(
    "promise_view",
    metadata,
    Column("actor", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("query", Words, nullable=False),
    Column("saved_at", Moment, nullable=False),
)
