"""Which tables are there?

`metadata` holds the tables of every part; each part's store declares its own on it. The rules that let one schema run
on SQLite, PostgreSQL and a sharded PostgreSQL: the shard key comes first in a ledger table's primary key, no triggers,
no recursive queries, text compared byte by byte (`Words`), moments and days as whole numbers, no engine's own types.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# Text that sorts and compares by its bytes on both engines, whatever the server's language is: keys are locked in
# this order, lists are paged by it, and Python sorts it the same way.
Words = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Moment = BigInteger  # microseconds since the epoch, UTC

# One named value each: versions of record sets, marks of jobs.
setting = Table(
    "setting",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", Words, nullable=False),
)

# Every request id that was ever used, with the answer it got. Rows stay for ever, reply bodies do not.
request = Table(
    "request",
    metadata,
    Column("id", Words, primary_key=True),
    Column("terms_hash", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("decision_id", Words),
    Column("status", Integer),  # HTTP status of the reply; NULL until it is recorded
    Column("reply", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("replied_at", Moment),
    Index("ix_request_replied_at", "replied_at", sqlite_where=text("reply IS NOT NULL"),
          postgresql_where=text("reply IS NOT NULL")),
)  # fmt: skip

# One row for each chain: who wrote it, since when. Written with the chain's first entry.
audit_chain = Table(
    "audit_chain",
    metadata,
    Column("id", Words, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("writer", Words, nullable=False),  # host and process
)

# What was done, in chains: each entry's hash covers the one before it.
audit = Table(
    "audit",
    metadata,
    Column("chain_id", Words, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("type", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),  # canonical JSON: ids, quantities, dates; nothing personal
    Column("commitment", Words, nullable=False),  # hex of H(salt, subject, personal); empty = no personal part
    Column("subject", Words),  # whom the personal part is about, by id; erased with it
    Column("salt", LargeBinary),
    Column("personal", LargeBinary),
    Column("hash", Words, nullable=False),
    Index("ix_audit_at", "at", "chain_id", "seq"),  # looked at and searched from the latest back
    Index("ix_audit_subject", "subject", sqlite_where=text("subject IS NOT NULL"),
          postgresql_where=text("subject IS NOT NULL")),
)  # fmt: skip

# Signed lists of all chains' heads and counts, each naming the one before it.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("mac", Words, nullable=False),
)

# What we must still tell others, and what we told them.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Words, primary_key=True),
    Column("topic", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("subject_seq", BigInteger, nullable=False),  # 1, 2, 3 ... for each subject, told in this order
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),  # not before; moved ahead while somebody sends it
    Column("attempts", Integer, nullable=False),
    Column("error", Words),  # of the last attempt
    Column("sent_at", Moment),
    Column("parked_at", Moment),  # given up on: a person must look
    Column("position", BigInteger),  # 1, 2, 3 ... over all subjects, given after the commit; NULL = not yet
    UniqueConstraint("subject", "subject_seq"),
    Index("ix_outbox_due_at", "due_at", "id", sqlite_where=text("sent_at IS NULL"),
          postgresql_where=text("sent_at IS NULL")),
    Index("ix_outbox_position", "position", unique=True, sqlite_where=text("position IS NOT NULL"),
          postgresql_where=text("position IS NOT NULL")),
    Index("ix_outbox_without_position", "created_at", sqlite_where=text("position IS NULL"),
          postgresql_where=text("position IS NULL")),
)  # fmt: skip

# What runs by itself: who does it now, when it is due again, how it went. One row a job, made when it first runs.
job = Table(
    "job",
    metadata,
    Column("name", Words, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("leased_until", Moment, nullable=False),  # 0 = nobody does it
    Column("holder", Words, nullable=False),  # which process has or had it
    Column("done_at", Moment),  # when it last came to an end that was good
    Column("done", BigInteger, nullable=False),  # how much it then did
    Column("failures", Integer, nullable=False),  # since then
    Column("error", Words),  # of the last one, until it goes well again
)

# What people are told in the app. One row for each audience, a person or a role, and cause.
notice = Table(
    "notice",
    metadata,
    Column("id", Words, primary_key=True),
    Column(
        "audience", Words, nullable=False
    ),  # "person:" and a name, "role:" and a role, "owner:" and either
    Column("kind", Words, nullable=False),
    Column("cause", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column(
        "changed_at", Moment, nullable=False
    ),  # when something was added: it is new again for who read it before
    Column("over_at", Moment),
    Column("actor", Words, nullable=False),  # who caused it, and is not told; "" = nobody in particular
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("audience", "cause"),
    Index("ix_notice_audience_changed_at", "audience", "changed_at"),
    Index("ix_notice_cause", "cause"),
    Index("ix_notice_changed_at", "changed_at"),
    Index("ix_notice_over_at", "over_at"),
)

# Who has read which notice, when.
notice_read = Table(
    "notice_read",
    metadata,
    Column("person", Words, primary_key=True),
    Column("notice", Words, primary_key=True),
    Column("read_at", Moment, nullable=False),
)

# Who does not want to be told of which kind of thing.
notice_mute = Table(
    "notice_mute",
    metadata,
    Column("person", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("muted_at", Moment, nullable=False),
)

# What is to be looked at again, so that somebody can be told in time: a hold that is about to end.
notice_timer = Table(
    "notice_timer",
    metadata,
    Column("subject", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("at", Moment, primary_key=True, autoincrement=False),
    Index("ix_notice_timer_at", "at"),
)

# What somebody wanted and was refused for want of supply: told when some becomes free.
notice_wish = Table(
    "notice_wish",
    metadata,
    Column("item", Words, primary_key=True),
    Column("person", Words, primary_key=True),
    Column("request", Words, primary_key=True),
    Column("day", Integer, nullable=False),  # for when
    Column("what", Words, nullable=False),
    Column("line", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

# Keys that programs sign in with; only their hashes are kept.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("scopes", Words, nullable=False),  # separated by spaces
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    UniqueConstraint("hash"),
)

# People who sign in. A name is the actor of what is done under it, so an account is never deleted and never renamed.
account = Table(
    "account",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("name_key", Words, nullable=False),  # the name as it is compared: of one case, one form, one blank
    Column("email", Words),
    Column("email_key", Words),
    Column("password", Words),  # argon2id with its parameters; NULL = none was ever chosen
    Column("roles", Words, nullable=False),  # separated by commas
    Column("team_id", Words),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),  # rights or password: sessions get another token after it
    Column("disabled_at", Moment),
    Column("invite_hash", Words),  # of the link that sets a password, once
    Column("invite_until", Moment),
    Column("subject", Words),  # issuer and subject at an identity provider, from the first sign-in over it
    UniqueConstraint("email_key"),
    UniqueConstraint("invite_hash"),
    UniqueConstraint("name_key"),
    UniqueConstraint("subject"),
)

# Named sets of people with one manager.
team = Table(
    "team",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("name_key", Words, nullable=False),
    Column("manager_id", Words),
    UniqueConstraint("name_key"),
)

# Who is signed in where; only the hashes of tokens are kept. Rows stay a while after the end.
session = Table(
    "session",
    metadata,
    Column("id", Words, primary_key=True),
    Column("hash", Words, nullable=False),
    Column("previous_hash", Words),  # good for some seconds more: requests under way when the token changed
    Column("account_id", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # to the minute
    Column("rotated_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),  # whatever happens
    Column("ended_at", Moment),
    Column("device", Words, nullable=False),  # which browser on what, in words
    Column("place", Words, nullable=False),  # where its guided tour stands; only the demo has one
    UniqueConstraint("hash"),
    Index("ix_session_previous_hash", "previous_hash"),
    Index("ix_session_account_id", "account_id"),
)

# Wrong passwords lately, for each name that somebody tried, known or not.
sign_in = Table(
    "sign_in",
    metadata,
    Column("name_hash", Words, primary_key=True),  # what is typed as a name may be a password
    Column(
        "tries", Words, nullable=False
    ),  # moment/place, separated by blanks, oldest first; a place is a hash
    Column("last_at", Moment, nullable=False),
    Index("ix_sign_in_last_at", "last_at"),
)

# What somebody was sending when the session had ended: one form for each person, shown again after signing in.
kept_form = Table(
    "kept_form",
    metadata,
    Column("account_id", Words, primary_key=True),
    Column("path", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False),
)
