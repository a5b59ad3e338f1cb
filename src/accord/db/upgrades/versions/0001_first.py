"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, text
from sqlalchemy.dialects import postgresql

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

Words = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def index_where(name: str, table: str, columns: list[str], *, unique: bool, where: str) -> None:
    """An index of some of a table's rows."""
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )


def upgrade() -> None:
    """Take this step."""
    op.create_table(
        "account",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("name_key", Words, nullable=False),
        sa.Column("email", Words, nullable=True),
        sa.Column("email_key", Words, nullable=True),
        sa.Column("password", Words, nullable=True),
        sa.Column("roles", Words, nullable=False),
        sa.Column("team_id", Words, nullable=True),
        sa.Column("created_at", BigInteger(), nullable=False),
        sa.Column("changed_at", BigInteger(), nullable=False),
        sa.Column("disabled_at", BigInteger(), nullable=True),
        sa.Column("invite_hash", Words, nullable=True),
        sa.Column("invite_until", BigInteger(), nullable=True),
        sa.Column("subject", Words, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email_key", name=op.f("uq_account_email_key")),
        sa.UniqueConstraint("invite_hash", name=op.f("uq_account_invite_hash")),
        sa.UniqueConstraint("name_key", name=op.f("uq_account_name_key")),
        sa.UniqueConstraint("subject", name=op.f("uq_account_subject")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("hash", Words, nullable=False),
        sa.Column("scopes", Words, nullable=False),
        sa.Column("created_at", BigInteger(), nullable=False),
        sa.Column("expires_at", BigInteger(), nullable=True),
        sa.Column("revoked_at", BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_table(
        "approval",
        sa.Column("id", Words, nullable=False),
        sa.Column("version", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("promise", Words, nullable=True),
        sa.Column("expires_at", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_approval")),
    )
    index_where("ix_approval_promise", "approval", ["promise"], unique=False, where="promise IS NOT NULL")
    op.create_table(
        "audit",
        sa.Column("chain_id", Words, nullable=False),
        sa.Column("seq", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.Column("type", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.Column("commitment", Words, nullable=False),
        sa.Column("subject", Words, nullable=True),
        sa.Column("salt", LargeBinary(), nullable=True),
        sa.Column("personal", LargeBinary(), nullable=True),
        sa.Column("hash", Words, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at", "chain_id", "seq"], unique=False)
    index_where("ix_audit_subject", "audit", ["subject"], unique=False, where="subject IS NOT NULL")
    op.create_table(
        "audit_chain",
        sa.Column("id", Words, nullable=False),
        sa.Column("started_at", BigInteger(), nullable=False),
        sa.Column("writer", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("seq", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.Column("mac", Words, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "decision",
        sa.Column("id", Words, nullable=False),
        sa.Column("request_id", Words, nullable=False),
        sa.Column("verb", Words, nullable=False),
        sa.Column("verdict", Words, nullable=False),
        sa.Column("now", BigInteger(), nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("graph_version", BigInteger(), nullable=False),
        sa.Column("policy_version", BigInteger(), nullable=False),
        sa.Column("engine_version", Words, nullable=False),
        sa.Column("promise", Words, nullable=True),
        sa.Column("before", BigInteger(), nullable=True),
        sa.Column("digest", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    index_where(
        "ix_decision_promise", "decision", ["promise", "id"], unique=False, where="promise IS NOT NULL"
    )
    index_where("ix_decision_quote", "decision", ["id"], unique=False, where="verb = 'quote'")
    op.create_index("ix_decision_request_id", "decision", ["request_id"], unique=False)
    op.create_table(
        "import_mapping",
        sa.Column("kind", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("stated_at", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version_from", name=op.f("pk_import_mapping")),
    )
    index_where(
        "ix_import_mapping_in_force",
        "import_mapping",
        ["kind", "id"],
        unique=True,
        where="version_to IS NULL",
    )
    op.create_table(
        "import_piece",
        sa.Column("run", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("seq", Integer(), autoincrement=False, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "kind", "name", "seq", name=op.f("pk_import_piece")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", Words, nullable=False),
        sa.Column("content", Words, nullable=False),
        sa.Column("source", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("done_by", Words, nullable=True),
        sa.Column("begun_at", BigInteger(), nullable=False),
        sa.Column("done_at", BigInteger(), nullable=True),
        sa.Column("undone_at", BigInteger(), nullable=True),
        sa.Column("basis", Words, nullable=False),
        sa.Column("setup", LargeBinary(), nullable=False),
        sa.Column("report", LargeBinary(), nullable=True),
        sa.Column("problem", LargeBinary(), nullable=True),
        sa.Column("undo", LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    index_where("uq_import_run_content", "import_run", ["content"], unique=True, where="state <> 'undone'")
    op.create_table(
        "import_work",
        sa.Column("run", Words, nullable=False),
        sa.Column("what", Words, nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("holder", Words, nullable=False),
        sa.Column("began_at", BigInteger(), nullable=False),
        sa.Column("beat_at", BigInteger(), nullable=False),
        sa.Column("phase", Words, nullable=False),
        sa.Column("done", BigInteger(), nullable=False),
        sa.Column("total", BigInteger(), nullable=False),
        sa.Column("problems", BigInteger(), nullable=False),
        sa.Column("wants_stop", Integer(), nullable=False),
        sa.Column("error", LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_import_work")),
    )
    op.create_table(
        "job",
        sa.Column("name", Words, nullable=False),
        sa.Column("due_at", BigInteger(), nullable=False),
        sa.Column("leased_until", BigInteger(), nullable=False),
        sa.Column("holder", Words, nullable=False),
        sa.Column("done_at", BigInteger(), nullable=True),
        sa.Column("done", BigInteger(), nullable=False),
        sa.Column("failures", Integer(), nullable=False),
        sa.Column("error", Words, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
    )
    op.create_table(
        "kept_form",
        sa.Column("account_id", Words, nullable=False),
        sa.Column("path", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.Column("kept_at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_kept_form")),
    )
    op.create_table(
        "ledger_cause",
        sa.Column("id", Words, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("news_id", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_cause")),
        sa.UniqueConstraint("news_id", name=op.f("uq_ledger_cause_news_id")),
    )
    op.create_index("ix_ledger_cause_actor_kind_at", "ledger_cause", ["actor", "kind", "at"], unique=False)
    op.create_table(
        "ledger_commitment",
        sa.Column("key", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("promise", Words, nullable=False),
        sa.Column("line", Integer(), nullable=False),
        sa.Column("item", Words, nullable=False),
        sa.Column("site", Words, nullable=False),
        sa.Column("quantity", BigInteger(), nullable=False),
        sa.Column("ship_on", Integer(), nullable=False),
        sa.Column("deliver_on", Integer(), nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("fulfilled", BigInteger(), nullable=False),
        sa.Column("opening", Boolean(), nullable=False),
        sa.Column("made_at", BigInteger(), nullable=False),
        sa.CheckConstraint(
            "fulfilled >= 0 AND fulfilled <= quantity", name=op.f("ck_ledger_commitment_fulfilled")
        ),
        sa.PrimaryKeyConstraint("key", "id", "version_from", name=op.f("pk_ledger_commitment")),
    )
    index_where(
        "ix_ledger_commitment_id", "ledger_commitment", ["id"], unique=False, where="version_to IS NULL"
    )
    index_where(
        "ix_ledger_commitment_in_force",
        "ledger_commitment",
        ["key", "id"],
        unique=True,
        where="version_to IS NULL",
    )
    index_where(
        "ix_ledger_commitment_open",
        "ledger_commitment",
        ["key", "id"],
        unique=False,
        where="version_to IS NULL AND state IN ('held', 'committed')",
    )
    index_where(
        "ix_ledger_commitment_promise",
        "ledger_commitment",
        ["promise"],
        unique=False,
        where="version_to IS NULL",
    )
    op.create_table(
        "ledger_draw",
        sa.Column("key", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("owner", Words, nullable=False),
        sa.Column("promise", Words, nullable=True),
        sa.Column("on_day", Integer(), nullable=False),
        sa.Column("quantity", BigInteger(), nullable=False),
        sa.Column("sequence", BigInteger(), nullable=False),
        sa.Column("expires_at", BigInteger(), nullable=True),
        sa.Column("life_days", Integer(), nullable=False),
        sa.Column("feeds", Words, nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_ledger_draw_quantity")),
        sa.PrimaryKeyConstraint("key", "id", "version_from", name=op.f("pk_ledger_draw")),
    )
    index_where(
        "ix_ledger_draw_in_force", "ledger_draw", ["key", "id"], unique=True, where="version_to IS NULL"
    )
    index_where(
        "ix_ledger_draw_key_expires_at",
        "ledger_draw",
        ["key", "expires_at"],
        unique=False,
        where="version_to IS NULL AND expires_at IS NOT NULL",
    )
    index_where(
        "ix_ledger_draw_key_feeds",
        "ledger_draw",
        ["key", "feeds"],
        unique=False,
        where="version_to IS NULL AND feeds IS NOT NULL",
    )
    index_where("ix_ledger_draw_owner", "ledger_draw", ["owner"], unique=False, where="version_to IS NULL")
    index_where(
        "ix_ledger_draw_promise_key",
        "ledger_draw",
        ["promise", "key"],
        unique=False,
        where="version_to IS NULL",
    )
    op.create_table(
        "ledger_exception",
        sa.Column("key", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("commitment", Words, nullable=False),
        sa.Column("cause", Words, nullable=False),
        sa.Column("owner", Words, nullable=False),
        sa.Column("opened_at", BigInteger(), nullable=False),
        sa.Column("short", BigInteger(), nullable=False),
        sa.Column("closed_at", BigInteger(), nullable=True),
        sa.Column("closed_why", Words, nullable=False),
        sa.CheckConstraint("owner <> ''", name=op.f("ck_ledger_exception_owner")),
        sa.PrimaryKeyConstraint("key", "id", name=op.f("pk_ledger_exception")),
    )
    op.create_index("ix_ledger_exception_id", "ledger_exception", ["id"], unique=False)
    index_where(
        "uq_ledger_exception_open",
        "ledger_exception",
        ["key", "commitment"],
        unique=True,
        where="closed_at IS NULL",
    )
    op.create_table(
        "ledger_key",
        sa.Column("key", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("version", BigInteger(), nullable=False),
        sa.Column("profile", LargeBinary(), nullable=False),
        sa.Column("lowest", BigInteger(), nullable=False),
        sa.Column("shortfall_max", BigInteger(), nullable=False),
        sa.Column("next_expiry_at", BigInteger(), nullable=True),
        sa.Column("rolled_to", Integer(), nullable=False),
        sa.Column("latest_at", BigInteger(), nullable=False),
        sa.CheckConstraint("lowest + shortfall_max >= 0", name=op.f("ck_ledger_key_covered")),
        sa.CheckConstraint("shortfall_max >= 0", name=op.f("ck_ledger_key_shortfall")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ledger_key")),
        postgresql_with={"fillfactor": 70},
    )
    index_where(
        "ix_ledger_key_next_expiry_at",
        "ledger_key",
        ["next_expiry_at"],
        unique=False,
        where="next_expiry_at IS NOT NULL",
    )
    op.create_table(
        "ledger_movement",
        sa.Column("key", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.Column("quantity", BigInteger(), nullable=False),
        sa.Column("lot", Words, nullable=True),
        sa.Column("commitment", Words, nullable=True),
        sa.PrimaryKeyConstraint("key", "id", name=op.f("pk_ledger_movement")),
    )
    op.create_index("ix_ledger_movement_key_at", "ledger_movement", ["key", "at"], unique=False)
    op.create_table(
        "ledger_record",
        sa.Column("kind", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("stated_at", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version_from", name=op.f("pk_ledger_record")),
    )
    index_where(
        "ix_ledger_record_in_force", "ledger_record", ["kind", "id"], unique=True, where="version_to IS NULL"
    )
    op.create_table(
        "ledger_supply",
        sa.Column("key", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("kind", Words, nullable=False),
        sa.Column("quantity", BigInteger(), nullable=False),
        sa.Column("on_day", Integer(), nullable=False),
        sa.Column("due_on", Integer(), nullable=True),
        sa.Column("released", Boolean(), nullable=False),
        sa.Column("proposed_by", Words, nullable=True),
        sa.Column("expires_at", BigInteger(), nullable=True),
        sa.Column("lot_quantity", BigInteger(), nullable=False),
        sa.Column("lot_on", Integer(), nullable=False),
        sa.Column("starts_on", Integer(), nullable=False),
        sa.Column("ref", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("lot", Words, nullable=True),
        sa.Column("expires_on", Integer(), nullable=True),
        sa.Column("counts", Words, nullable=False),
        sa.Column("doubts", Words, nullable=False),
        sa.Column("as_of", BigInteger(), nullable=False),
        sa.Column("sequence", BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_ledger_supply_quantity")),
        sa.PrimaryKeyConstraint("key", "id", "version_from", name=op.f("pk_ledger_supply")),
    )
    index_where(
        "ix_ledger_supply_in_force", "ledger_supply", ["key", "id"], unique=True, where="version_to IS NULL"
    )
    index_where(
        "ix_ledger_supply_proposed_by",
        "ledger_supply",
        ["proposed_by"],
        unique=False,
        where="version_to IS NULL AND proposed_by IS NOT NULL",
    )
    index_where(
        "ix_ledger_supply_receipt",
        "ledger_supply",
        ["id"],
        unique=False,
        where="version_to IS NULL AND kind <> 'on_hand'",
    )
    op.create_table(
        "notice",
        sa.Column("id", Words, nullable=False),
        sa.Column("audience", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("cause", Words, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.Column("changed_at", BigInteger(), nullable=False),
        sa.Column("over_at", BigInteger(), nullable=True),
        sa.Column("actor", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("audience", "cause", name=op.f("uq_notice_audience_cause")),
    )
    op.create_index("ix_notice_audience_changed_at", "notice", ["audience", "changed_at"], unique=False)
    op.create_index("ix_notice_cause", "notice", ["cause"], unique=False)
    op.create_index("ix_notice_changed_at", "notice", ["changed_at"], unique=False)
    op.create_index("ix_notice_over_at", "notice", ["over_at"], unique=False)
    op.create_table(
        "notice_mute",
        sa.Column("person", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("muted_at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "kind", name=op.f("pk_notice_mute")),
    )
    op.create_table(
        "notice_read",
        sa.Column("person", Words, nullable=False),
        sa.Column("notice", Words, nullable=False),
        sa.Column("read_at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "notice", name=op.f("pk_notice_read")),
    )
    op.create_table(
        "notice_timer",
        sa.Column("subject", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("at", BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "at", name=op.f("pk_notice_timer")),
    )
    op.create_index("ix_notice_timer_at", "notice_timer", ["at"], unique=False)
    op.create_table(
        "notice_wish",
        sa.Column("item", Words, nullable=False),
        sa.Column("person", Words, nullable=False),
        sa.Column("request", Words, nullable=False),
        sa.Column("day", Integer(), nullable=False),
        sa.Column("what", Words, nullable=False),
        sa.Column("line", Words, nullable=False),
        sa.Column("at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("item", "person", "request", name=op.f("pk_notice_wish")),
    )
    op.create_table(
        "open_line",
        sa.Column("source", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("priority", BigInteger(), nullable=False),
        sa.Column("due_on", Integer(), nullable=False),
        sa.Column("request", LargeBinary(), nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("reason", Words, nullable=True),
        sa.Column("decision", Words, nullable=True),
        sa.Column("settled_at", BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_open_line")),
    )
    index_where(
        "ix_open_line_open",
        "open_line",
        ["priority", "due_on", "id", "source"],
        unique=False,
        where="state = 'open'",
    )
    op.create_table(
        "outbox",
        sa.Column("id", Words, nullable=False),
        sa.Column("topic", Words, nullable=False),
        sa.Column("subject", Words, nullable=False),
        sa.Column("subject_seq", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.Column("created_at", BigInteger(), nullable=False),
        sa.Column("due_at", BigInteger(), nullable=False),
        sa.Column("attempts", Integer(), nullable=False),
        sa.Column("error", Words, nullable=True),
        sa.Column("sent_at", BigInteger(), nullable=True),
        sa.Column("parked_at", BigInteger(), nullable=True),
        sa.Column("position", BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("subject", "subject_seq", name=op.f("uq_outbox_subject_subject_seq")),
    )
    index_where("ix_outbox_due_at", "outbox", ["due_at", "id"], unique=False, where="sent_at IS NULL")
    index_where("ix_outbox_position", "outbox", ["position"], unique=True, where="position IS NOT NULL")
    index_where(
        "ix_outbox_without_position", "outbox", ["created_at"], unique=False, where="position IS NULL"
    )
    op.create_table(
        "policy_record",
        sa.Column("kind", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("version_from", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_to", BigInteger(), nullable=True),
        sa.Column("stated_at", BigInteger(), nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version_from", name=op.f("pk_policy_record")),
    )
    index_where(
        "ix_policy_record_in_force", "policy_record", ["kind", "id"], unique=True, where="version_to IS NULL"
    )
    op.create_table(
        "promise",
        sa.Column("id", Words, nullable=False),
        sa.Column("version", BigInteger(), autoincrement=False, nullable=False),
        sa.Column("in_force", Boolean(), nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("customer", Words, nullable=True),
        sa.Column("actor", Words, nullable=False),
        sa.Column("ref", Words, nullable=False),
        sa.Column("request_id", Words, nullable=False),
        sa.Column("decision", Words, nullable=False),
        sa.Column("made_at", BigInteger(), nullable=False),
        sa.Column("changed_at", BigInteger(), nullable=False),
        sa.Column("expires_at", BigInteger(), nullable=True),
        sa.Column("due_on", Integer(), nullable=True),
        sa.Column("value_minor", BigInteger(), nullable=True),
        sa.Column("is_changed", Boolean(), nullable=False),
        sa.Column("item_ids", Words, nullable=False),
        sa.Column("body", LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_promise")),
    )
    index_where(
        "ix_promise_customer", "promise", ["customer", "made_at", "id"], unique=False, where="in_force"
    )
    index_where(
        "ix_promise_expires_at",
        "promise",
        ["expires_at"],
        unique=False,
        where="in_force AND expires_at IS NOT NULL",
    )
    index_where("ix_promise_made_at", "promise", ["made_at", "id"], unique=False, where="in_force")
    index_where("ix_promise_ref", "promise", ["ref", "made_at", "id"], unique=False, where="in_force")
    op.create_table(
        "promise_view",
        sa.Column("actor", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("query", Words, nullable=False),
        sa.Column("saved_at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "name", name=op.f("pk_promise_view")),
    )
    op.create_table(
        "request",
        sa.Column("id", Words, nullable=False),
        sa.Column("terms_hash", Words, nullable=False),
        sa.Column("actor", Words, nullable=False),
        sa.Column("decision_id", Words, nullable=True),
        sa.Column("status", Integer(), nullable=True),
        sa.Column("reply", LargeBinary(), nullable=True),
        sa.Column("created_at", BigInteger(), nullable=False),
        sa.Column("replied_at", BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    index_where("ix_request_replied_at", "request", ["replied_at"], unique=False, where="reply IS NOT NULL")
    op.create_table(
        "session",
        sa.Column("id", Words, nullable=False),
        sa.Column("hash", Words, nullable=False),
        sa.Column("previous_hash", Words, nullable=True),
        sa.Column("account_id", Words, nullable=False),
        sa.Column("created_at", BigInteger(), nullable=False),
        sa.Column("seen_at", BigInteger(), nullable=False),
        sa.Column("rotated_at", BigInteger(), nullable=False),
        sa.Column("expires_at", BigInteger(), nullable=False),
        sa.Column("ended_at", BigInteger(), nullable=True),
        sa.Column("device", Words, nullable=False),
        sa.Column("place", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_session_hash")),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)
    op.create_index("ix_session_previous_hash", "session", ["previous_hash"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", Words, nullable=False),
        sa.Column("value", Words, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "sign_in",
        sa.Column("name_hash", Words, nullable=False),
        sa.Column("tries", Words, nullable=False),
        sa.Column("last_at", BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name=op.f("pk_sign_in")),
    )
    op.create_index("ix_sign_in_last_at", "sign_in", ["last_at"], unique=False)
    op.create_table(
        "team",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("name_key", Words, nullable=False),
        sa.Column("manager_id", Words, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name_key", name=op.f("uq_team_name_key")),
    )
