"""Conversations are found by marks and words; what reviewers keep of them. Old conversations are indexed here."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.cipher import key_of
from storage.reviewing import terms

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 200
NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("started_at", NOW, nullable=False),
        sa.Column("last_at", NOW, nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("slowest_ms", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_conversations_session_id_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_conversations")),
        sa.UniqueConstraint("session_id", name=op.f("uq_conversations_session_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conversations_started_at"), "conversations", ["started_at"])
    _of_conversation(
        "postings",
        sa.Column("term", sa.String(length=160), nullable=False),
        sa.PrimaryKeyConstraint("term", "number", name=op.f("pk_postings")),
        indexed=False,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_postings_number_term"), "postings", ["number", "term"])
    op.create_table(
        "moments",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("interest", sa.JSON(), nullable=False),
        _of_turn("moments"),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_moments")),
    )
    _of_conversation(
        "review_tags",
        sa.Column("tag", sa.String(length=64), nullable=False),
        *_by_whom(),
        sa.PrimaryKeyConstraint("number", "tag", name=op.f("pk_review_tags")),
        indexed=False,
    )
    _of_conversation(
        "review_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        *_by_whom(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_notes")),
    )
    _of_conversation(
        "review_verdicts",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        *_by_whom(),
        sa.PrimaryKeyConstraint("number", "turn_id", "reviewer", name=op.f("pk_review_verdicts")),
        indexed=False,
    )
    _of_conversation(
        "review_corrections",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=128), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("example", sa.JSON(), nullable=False),
        *_by_whom(),
        _of_turn("review_corrections"),
        sa.PrimaryKeyConstraint("turn_id", "part", name=op.f("pk_review_corrections")),
    )
    _of_conversation(
        "review_right_items",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        *_by_whom(),
        _of_turn("review_right_items"),
        sa.PrimaryKeyConstraint("turn_id", "item_id", name=op.f("pk_review_right_items")),
    )
    op.create_table(
        "hidden_items",
        sa.Column("item_id", sa.String(length=128), nullable=False),
        *_by_whom(),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_hidden_items")),
    )
    op.create_table(
        "saved_filters",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        *_by_whom(),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_saved_filters")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", NOW, nullable=False),
        sa.Column("reviewer", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=160), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"])
    op.create_table(
        "review_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_keys")),
    )
    # What is shown and what was done with it is counted by item.
    op.create_index(op.f("ix_impressions_item_id"), "impressions", ["item_id"])
    _index_old_conversations(op.get_bind())


def downgrade() -> None:
    op.drop_index(op.f("ix_impressions_item_id"), table_name="impressions")
    for name in (
        "review_keys",
        "audit_log",
        "saved_filters",
        "hidden_items",
        "review_right_items",
        "review_corrections",
        "review_verdicts",
        "review_notes",
        "review_tags",
        "moments",
        "postings",
        "conversations",
    ):
        op.drop_table(name)


def _of_conversation(name: str, *columns: Any, indexed: bool = True, **options: Any) -> None:
    """A table whose rows go with their conversation."""
    op.create_table(
        name,
        sa.Column("number", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["number"], ["conversations.number"], name=op.f(f"fk_{name}_number_conversations"), ondelete="CASCADE"
        ),
        **options,
    )
    if indexed:
        op.create_index(op.f(f"ix_{name}_number"), name, ["number"])


def _of_turn(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["turn_id"], ["messages.turn_id"], name=op.f(f"fk_{name}_turn_id_messages"), ondelete="CASCADE"
    )


def _by_whom() -> tuple[Any, ...]:
    return sa.Column("reviewer", sa.String(length=64), nullable=False), sa.Column("created_at", NOW, nullable=False)


SESSIONS = sa.table("sessions", sa.column("id"), sa.column("lang"), sa.column("site"))
MESSAGES = sa.table(
    "messages",
    *(sa.column(name) for name in ("id", "turn_id", "session_id", "role", "text", "intent", "complete")),
    *(sa.column(name, sa.JSON()) for name in ("lines", "line_outcomes", "timings")),
    sa.column("created_at", NOW),
)
SLATES = sa.table("slates", sa.column("session_id"), sa.column("slate_id"), sa.column("unmet", sa.JSON()))
IMPRESSIONS = sa.table("impressions", sa.column("slate_id"), sa.column("item_id"))
ITEMS = sa.table("items", sa.column("id"), sa.column("domain"))
FEEDBACK = sa.table("feedback", sa.column("session_id"), sa.column("kind"), sa.column("undone", sa.Boolean()))
CONVERSATIONS = sa.table(
    "conversations",
    sa.column("number"),
    sa.column("session_id"),
    sa.column("started_at", NOW),
    sa.column("last_at", NOW),
    sa.column("turns"),
    sa.column("slowest_ms"),
)
POSTINGS = sa.table("postings", sa.column("term"), sa.column("number"))


def _index_old_conversations(db: sa.Connection) -> None:
    """In the order of their first messages, so that numbers grow with time."""
    first = (
        sa.select(MESSAGES.c.session_id)
        .where(MESSAGES.c.role == "user")
        .group_by(MESSAGES.c.session_id)
        .order_by(sa.func.min(MESSAGES.c.id))
    )
    ids = list(db.scalars(first))
    for start in range(0, len(ids), BATCH):
        chunk = ids[start : start + BATCH]
        numbers = {session_id: start + place for place, session_id in enumerate(chunk, 1)}
        found: dict[str, set[str]] = {session_id: set() for session_id in chunk}
        rows = [{"number": numbers[row["session_id"]], **row} for row in _conversations(db, chunk, found)]
        _add_marks(db, chunk, found)
        db.execute(sa.insert(CONVERSATIONS), rows)
        posted = [{"term": term, "number": numbers[id_]} for id_, has in found.items() for term in has]
        db.execute(sa.insert(POSTINGS), sorted(posted, key=lambda row: (row["term"], row["number"])))
    if ids and db.dialect.name == "postgresql":
        db.execute(
            sa.text("SELECT setval(pg_get_serial_sequence('conversations', 'number'), :last)"), {"last": len(ids)}
        )


def _conversations(db: sa.Connection, chunk: list[str], found: dict[str, set[str]]) -> Iterator[dict[str, Any]]:
    said = db.execute(
        sa.select(MESSAGES).where(MESSAGES.c.session_id.in_(chunk)).order_by(MESSAGES.c.session_id, MESSAGES.c.id)
    )
    for session_id, group in groupby(said, key=lambda row: row.session_id):
        messages = list(group)
        asked = [row for row in messages if row.role == "user"]
        slowest = 0.0
        for row in messages:
            if key_of(row.text):
                continue  # encrypted words are not indexed, and what goes with them cannot be read here
            if row.role == "user":
                found[session_id] |= terms.words(row.text)
                continue
            found[session_id] |= terms.worded(row.text, row.lines, row.line_outcomes, row.timings, bool(row.complete))
            found[session_id] |= terms.decided(row.intent or "", (), ()) if row.intent else set()
            slowest = max(slowest, terms.first_words_ms(row.timings))
        yield {
            "session_id": session_id,
            "started_at": asked[0].created_at,
            "last_at": asked[-1].created_at,
            "turns": len(asked),
            "slowest_ms": slowest,
        }


def _add_marks(db: sa.Connection, chunk: list[str], found: dict[str, set[str]]) -> None:
    for row in db.execute(sa.select(SESSIONS).where(SESSIONS.c.id.in_(chunk))):
        found[row.id] |= {f"lang:{row.lang}", f"site:{row.site}", "state:open"}
    for session_id, unmet in db.execute(
        sa.select(SLATES.c.session_id, SLATES.c.unmet).where(SLATES.c.session_id.in_(chunk))
    ):
        if unmet:
            found[session_id].add("unmet:yes")
    shown = (
        sa.select(SLATES.c.session_id, ITEMS.c.domain)
        .join(IMPRESSIONS, IMPRESSIONS.c.slate_id == SLATES.c.slate_id)
        .join(ITEMS, ITEMS.c.id == IMPRESSIONS.c.item_id)
        .where(SLATES.c.session_id.in_(chunk))
        .distinct()
    )
    for session_id, domain in db.execute(shown):
        found[session_id].add(f"domain:{domain[:100]}")
    stands = sa.select(FEEDBACK.c.session_id, FEEDBACK.c.kind).where(
        FEEDBACK.c.session_id.in_(chunk), FEEDBACK.c.undone.is_(False)
    )
    for session_id, kind in db.execute(stands.distinct()):
        found[session_id].add(f"feedback:{kind}")
