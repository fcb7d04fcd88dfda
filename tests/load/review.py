"""How quick the review console's lists are: fills a SQLite database and times list, search, replay and figures.

    python -m tests.load.review --folder /tmp/review-load --conversations 100000 --messages 10

The folder is kept, so that a second run only measures. Texts are made of the sample catalogue's titles and tags.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from time import perf_counter

from storage.database import open_database
from storage.reviewing import terms
from storage.reviewing.records import Filter
from storage.store import Store

BATCH = 1_000
KINDS = ("like", "dislike", "click", "purchase", "hide")
SAID = ("我想要{0}", "有没有{0}，要{1}", "不要{0}，换成{1}", "I'd like {0}, {1}", "{0} but not {1}", "{0}和{1}哪个好")


def main() -> None:
    """Fills what is missing, then measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    path = given.folder / "zhiyin.db"
    engine = open_database(f"sqlite:///{path}")
    with sqlite3.connect(path) as db:
        (there,) = db.execute("SELECT count(*) FROM conversations").fetchone()
    if there < given.conversations:
        start = perf_counter()
        fill(path, given.conversations, given.messages // 2)
        print(f"filled {given.conversations:,} conversations in {perf_counter() - start:.0f} s", flush=True)
    print(f"{path.stat().st_size / 1e6:,.0f} MB")
    measure(Store(engine), given.conversations, given.rounds)


def vocabulary() -> tuple[list[tuple[str, str]], list[str]]:
    """The sample's (id, domain) and its titles and tags."""
    items, words = [], set()
    for file in (files("retrieval") / "data" / "catalogue").iterdir():
        if file.name.endswith(".jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                item = json.loads(line)
                items.append((item["id"], item["domain"]))
                words.update([item["title"], *item.get("tags", ())])
                words.update(item.get("i18n", {}).get("en", {}).get("tags", ()))
    return items, sorted(words)


@dataclass(frozen=True)
class Pool:
    """What conversations are made of: texts with their terms, worked out once."""

    items: list[tuple[str, str]]
    words: list[str]
    said: list[tuple[str, set[str]]]
    lines: list[tuple[str, set[str]]]

    @classmethod
    def of(cls, pick: random.Random, size: int = 4_000) -> Pool:
        """So many different messages and answers."""
        items, words = vocabulary()
        said = [pick.choice(SAID).format(pick.choice(words), pick.choice(words)) for _ in range(size)]
        lines = ["、".join(pick.sample(words, 4)) for _ in range(size)]
        return cls(items, words, [(one, terms.words(one)) for one in said], [(one, terms.words(one)) for one in lines])


def fill(path: Path, conversations: int, turns: int) -> None:
    """Writes rows as the store would; postings come last, sorted, as a file of their own would."""
    pick = random.Random(7)
    pool = Pool.of(pick)
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000", "temp_store=FILE"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TEMP TABLE loose (term TEXT, number INTEGER)")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    for start in range(0, conversations, BATCH):
        db.execute("BEGIN")
        for number in range(start + 1, min(start + BATCH, conversations) + 1):
            _conversation(db, pick, pool, number, turns, begun + timedelta(minutes=4 * number))
        db.execute("COMMIT")
    db.execute("INSERT OR IGNORE INTO postings (term, number) SELECT term, number FROM loose ORDER BY term, number")
    db.execute("DROP TABLE loose")
    db.execute("ANALYZE")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _conversation(
    db: sqlite3.Connection,
    pick: random.Random,
    pool: Pool,
    number: int,
    turns: int,
    at: datetime,
) -> None:
    session, lang, when = f"s{number:09}", pick.choice(("zh", "zh", "en")), at.isoformat(sep=" ")[:19]
    site = pick.choice(("", "", "shop"))
    db.execute(
        "INSERT INTO sessions (id, token_hash, lang, domains, context, created_at, last_at, site, tags)"
        " VALUES (?, '', ?, '[]', '{}', ?, ?, ?, '[]')",
        (session, lang, when, when, site),
    )
    found = {f"lang:{lang}", f"site:{site}", "state:open" if pick.random() < 0.9 else "state:reviewed"}
    slowest = 0.0
    for turn in range(turns):
        said, of_said = pick.choice(pool.said)
        line, of_line = pick.choice(pool.lines)
        spent = {"encode": pick.uniform(5, 40), "first_words": pick.lognormvariate(5, 0.9)}
        outcome = "plain" if pick.random() < 0.05 else "ok"
        shown = pick.sample(pool.items, 3)
        found |= of_said | of_line | terms.worded("", {}, {"opening": {"outcome": outcome}}, spent, complete=True)
        unmet = [pick.choice(pool.words)] if pick.random() < 0.04 else []
        found |= terms.decided(pick.choice(("ask", "refine", "more", "reject")), unmet, {shown[0][1]})
        slowest = max(slowest, terms.first_words_ms(spent))
        key = f"{number}-{turn}"
        add = (
            "INSERT INTO messages (turn_id, session_id, role, text, lang, intent, understanding, lines, line_outcomes,"
            " timings, complete, created_at) VALUES (?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, 1, ?)"
        )
        db.execute(add, (f"u{key}", session, "user", said, lang, None, "{}", "{}", "{}", when))
        lines = json.dumps({item_id: line for item_id, _ in shown}, ensure_ascii=False)
        told = json.dumps({"opening": {"outcome": outcome}})
        db.execute(add, (f"b{key}", session, "bot", line, lang, "ask", lines, told, json.dumps(spent), when))
        db.execute(
            "INSERT INTO slates (slate_id, session_id, turn_id, unmet, created_at) VALUES (?, ?, ?, ?, ?)",
            (f"l{key}", session, f"b{key}", json.dumps(unmet, ensure_ascii=False), when),
        )
        db.executemany(
            "INSERT INTO impressions (slate_id, rank, item_id, score, parts, because)"
            " VALUES (?, ?, ?, 1.0, '{\"interest\": 1.0}', '[]')",
            [(f"l{key}", rank, item_id) for rank, (item_id, _) in enumerate(shown, 1)],
        )
        if pick.random() < 0.15:
            kind = pick.choice(KINDS)
            found.add(f"feedback:{kind}")
            db.execute(
                "INSERT INTO feedback (feedback_id, session_id, item_id, kind, turn_id, undone, created_at)"
                " VALUES (?, ?, ?, ?, ?, 0, ?)",
                (f"f{key}", session, shown[0][0], kind, f"b{key}", when),
            )
    if pick.random() < 0.01:
        found.add("tag:odd")
    db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?)", (number, session, when, when, turns, slowest))
    db.executemany("INSERT INTO loose VALUES (?, ?)", [(term, number) for term in found])


def measure(store: Store, conversations: int, rounds: int) -> None:
    """Times each kind of look, with other filters, words and places every time; prints p50, p95 and the longest."""
    pick = random.Random(11)
    _, words = vocabulary()
    reviews = store.reviews
    marks = {
        "language": ("lang:zh", "lang:en"),
        "site": ("site:", "site:shop"),
        "state": ("state:open", "state:reviewed"),
        "switch": ("unmet:yes", "words:replaced", "slow:yes"),
        "tag": ("tag:odd",),
        "intent": ("intent:ask", "intent:reject"),
        "domain": ("domain:film", "domain:clothing"),
        "feedback": tuple(f"feedback:{kind}" for kind in KINDS),
    }

    def filters(most: int, text: bool = False) -> Filter:
        kinds = pick.sample(sorted(marks), pick.randint(0 if text else 1, most))
        found = tuple(pick.choice(marks[kind]) for kind in kinds)
        return Filter(found, pick.choice(words) if text else "")

    def listed(wanted: Filter, place: int | None) -> None:
        reviews.page(wanted, 50, before=place)
        if place is None:
            reviews.count(wanted)

    def somewhere() -> int:
        return pick.randint(1, conversations)

    looks: dict[str, Callable[[], object]] = {
        "list, newest": lambda: listed(Filter(), None),
        "list, any place": lambda: listed(Filter(), somewhere()),
        "list, 1-4 filters": lambda: listed(filters(4), pick.choice((None, somewhere()))),
        "search, words of the catalogue": lambda: listed(filters(0, text=True), None),
        "search with 0-3 filters": lambda: listed(filters(3, text=True), pick.choice((None, somewhere()))),
        "search, one character": lambda: listed(Filter(text=pick.choice("鞋茶书灯猫")), None),
        "replay": lambda: reviews.replay(somewhere()),
    }
    print(f"{'':32}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, look in looks.items():
        _report(name, sorted(_times(look, rounds)))
    _report("overview of 2,000", sorted(_times(lambda: reviews.figures(filters(1)), max(5, rounds // 20))))


def _times(look: Callable[[], object], rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        start = perf_counter()
        look()
        yield (perf_counter() - start) * 1000


def _report(name: str, spent: list[float]) -> None:
    half, most = spent[len(spent) // 2], spent[min(len(spent) - 1, int(len(spent) * 0.95))]
    print(f"{name:32}{half:9.1f}{most:9.1f}{spent[-1]:9.1f}", flush=True)


if __name__ == "__main__":
    main()
