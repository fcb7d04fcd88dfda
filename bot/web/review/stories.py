"""A conversation as a story that `zhiyin test` plays: what was said and done, and what ought to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bot.keeping import as_lang
from bot.mind import Mind
from bot.stories.play import Outcome, play
from bot.stories.reading import read_stories
from bot.stories.stage import passing_bot
from bot.web.review.trying import plain
from errors import InputError
from storage.records import FeedbackRecord, MessageRecord, SlateRecord
from storage.reviewing.records import Replay

TURNED_DOWN = frozenset({"dislike", "hide"})
KINDS = frozenset({"like", "dislike", "hide", "click", "purchase", "rating"})
LONGEST_STORY = 60_000


def story_of(replay: Replay) -> str:
    """The story, as YAML. Raises InputError where nothing was said.

    A turn is expected to show the items that a reviewer marked as right, and none that the visitor turned down there;
    where nobody said what is right, cards of the domain that all of its cards had.
    """
    turns = list(_turns(replay))
    if not any("say" in turn for turn in turns):
        raise InputError(
            field="conversation",
            zh_reason="这里什么也没说过，做不成故事",
            reason="nothing was said in it to make a story of",
        )
    first = next(turn["say"] for turn in turns if "say" in turn)
    story: dict[str, Any] = {"name": f"#{replay.number} {first[:40]}", "lang": as_lang(replay.session.lang)}
    if replay.session.domains:
        story["domains"] = list(replay.session.domains)
    text: str = yaml.safe_dump([{**story, "turns": turns}], allow_unicode=True, sort_keys=False, width=110)
    return text


def played(mind: Mind, text: str) -> list[Outcome]:
    """Plays a story through the running models, in plain words. Raises StoryError, InputError."""
    if len(text) > LONGEST_STORY:
        raise InputError(field="story", zh_reason="太长了", reason="it is too long")
    with TemporaryDirectory(prefix="zhiyin-story-") as folder:
        path = Path(folder) / "story.yaml"
        path.write_text(text, encoding="utf-8")
        stories = read_stories(path)
    with passing_bot(plain(mind)) as bot:
        return [outcome for story in stories for outcome in play(bot, story).outcomes]


def _turns(replay: Replay) -> Iterator[dict[str, Any]]:
    turned_down = {one.item_id for one in replay.feedback if one.kind in TURNED_DOWN and not one.undone}
    acts = [one for one in replay.feedback if one.kind in KINDS and not one.undone]
    asked: str | None = None
    events: list[MessageRecord | FeedbackRecord] = [*replay.messages, *acts]
    for event in sorted(events, key=lambda one: one.created_at):
        if isinstance(event, FeedbackRecord):
            told: dict[str, Any] = {"item": event.item_id, "kind": event.kind}
            if event.value is not None and event.kind == "rating":
                told["value"] = event.value
            yield {"feedback": told}
        elif event.role == "user":
            if asked is not None:
                yield {"say": asked}
            asked = event.text
        elif asked is not None:
            expect = _expected(replay, event.turn_id, replay.answers.get(event.turn_id), turned_down)
            yield {"say": asked, **({"expect": expect} if expect else {})}
            asked = None
    if asked is not None:
        yield {"say": asked}


def _expected(replay: Replay, turn_id: str, slate: SlateRecord | None, turned_down: set[str]) -> dict[str, Any]:
    shown = [card.item_id for card in slate.impressions] if slate else []
    expect: dict[str, Any] = {}
    if right := replay.right.get(turn_id):
        expect["cards"] = list(right)
    bad = any(one.turn_id == turn_id and one.verdict == "bad" for one in replay.verdicts)
    if bad and (worse := [item_id for item_id in shown if item_id in turned_down]):
        expect["none"] = {"id": worse}
    if not expect and shown:
        domains = {str(replay.items.get(item_id, {}).get("domain", "")) for item_id in shown}
        expect = (
            {"every": {"domain": domains.pop()}} if len(domains) == 1 and "" not in domains else {"count": {"min": 1}}
        )
    return expect
