"""How the store's queries do over many conversations: `python tests/load/queries.py [SESSIONS] [DATABASE_URL]`.

Fills a database (a passing SQLite file by default), then prints for each query of a turn and of the daily work how long
it takes and by which way the database finds the rows; a table that is read from end to end is marked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event, insert

from storage.database import compact, is_sqlite, open_database
from storage.records import utc_now
from storage.store import Store
from storage.tables import FeedbackRow, ImpressionRow, InterestRow, MessageRow, SessionRow, SlateRow

TURNS = 5
CARDS = 3
VISITORS = 20_000
ITEMS = 10_000
CHUNK = 1_000
RUNS = 20


def fill(engine: Engine, sessions: int) -> None:
    """So many sessions of five turns (ten messages) each, a feedback a session."""
    now = utc_now()
    for start in range(0, sessions, CHUNK):
        rows = range(start, min(start + CHUNK, sessions))
        turns = [(n, turn) for n in rows for turn in range(TURNS)]
        at = {n: now - timedelta(minutes=n) for n in rows}
        tables: dict[Any, list[dict[str, Any]]] = {
            SessionRow: [
                {"id": f"s{n}", "token_hash": "h", "lang": "zh", "visitor": f"v{n % VISITORS}", "domains": []}
                | {"context": {}, "created_at": at[n], "last_at": at[n], "site": "", "tags": []}
                for n in rows
            ],
            InterestRow: [{"session_id": f"s{n}", "state": {}, "version": 0, "updated_at": at[n]} for n in rows],
            MessageRow: [
                {"turn_id": f"t{n}-{turn}-{role}", "session_id": f"s{n}", "role": role, "lang": "zh", "intent": "ask"}
                | {"text": f"我喜欢牛仔裤 {n} {turn}", "understanding": {"keywords": ["牛仔裤"]}, "lines": {}}
                | {"line_outcomes": {}, "timings": {}, "complete": True, "created_at": at[n]}
                for n, turn in turns
                for role in ("user", "bot")
            ],
            SlateRow: [
                {"slate_id": f"l{n}-{turn}", "session_id": f"s{n}", "turn_id": f"t{n}-{turn}-bot", "unmet": []}
                | {"created_at": at[n]}
                for n, turn in turns
            ],
            ImpressionRow: [
                {"slate_id": f"l{n}-{turn}", "rank": rank, "item_id": f"i{(n * 7 + turn + rank) % ITEMS}"}
                | {"score": 1.0, "parts": {}, "because": []}
                for n, turn in turns
                for rank in range(1, CARDS + 1)
            ],
            FeedbackRow: [
                {"feedback_id": f"f{n}", "session_id": f"s{n}", "item_id": f"i{n % ITEMS}", "kind": "like"}
                | {"value": None, "turn_id": None, "undone": False, "created_at": at[n]}
                for n in rows
            ],
        }
        with engine.begin() as connection:
            for table, values in tables.items():
                connection.execute(insert(table), values)


def measured(engine: Engine, sessions: int) -> Iterator[tuple[str, float, list[str]]]:
    """(query, median milliseconds, ways) of each."""
    store, middle = Store(engine), f"s{sessions // 2}"
    calls: dict[str, Callable[[], object]] = {
        "load_turn": lambda: store.load_turn(middle),
        "messages": lambda: store.messages(middle, 20),
        "slates": lambda: store.slates(middle),
        "feedback": lambda: store.feedback(middle),
        "visitor_history": lambda: store.visitor_history("v7"),
        "export_session": lambda: store.export_session(middle),
        "export_visitor": lambda: store.export_visitor("v7"),
        "too_old": lambda: store.too_old(36_500),
        "feedback_counts": store.feedback_counts,
        "feedback_counts, floor 5": lambda: store.feedback_counts(5),
    }
    for name, call in calls.items():
        with ways(engine) as found:
            call()
        seconds = []
        for _ in range(RUNS if not name.startswith("feedback_counts") else 3):
            start = perf_counter()
            call()
            seconds.append(perf_counter() - start)
        yield name, 1000 * median(seconds), found


@contextmanager
def ways(engine: Engine) -> Iterator[list[str]]:
    """How the database finds the rows of the queries that are run meanwhile."""
    found: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if is_sqlite(engine) else "EXPLAIN "

    def look(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            steps = connection.connection.cursor().execute(explain + statement, parameters).fetchall()
            found.extend(str(step[-1]).strip() for step in steps)

    event.listen(engine, "before_cursor_execute", look)
    yield found
    event.remove(engine, "before_cursor_execute", look)


def main(sessions: int = 100_000, url: str = "") -> None:
    """Fills, measures, prints."""
    with TemporaryDirectory(prefix="zhiyin-queries-") as folder:
        engine = open_database(url or f"sqlite:///{Path(folder) / 'zhiyin.db'}")
        start = perf_counter()
        fill(engine, sessions)
        compact(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        print(f"{sessions:,} sessions, {sessions * TURNS * 2:,} messages in {perf_counter() - start:.0f} s")
        for name, milliseconds, found in measured(engine, sessions):
            whole = sorted({way for way in found if way.startswith(("SCAN", "Seq Scan", "->  Seq Scan"))})
            print(f"{name:<26} {milliseconds:9.2f} ms  {'; '.join(whole) or 'by index'}")
        engine.dispose()


if __name__ == "__main__":
    main(*(int(value) if value.isdigit() else value for value in sys.argv[1:]))  # type: ignore[arg-type]
