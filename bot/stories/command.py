"""`zhiyin test`: story files in, a report out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bot.settings import Settings
from bot.setup import progress_bar
from bot.stories import report
from bot.stories.methods import METHODS, Method
from bot.stories.reading import read_stories
from bot.stories.stage import mind_of, operators_mind, play_all
from errors import SettingsError


def play_files(
    paths: Sequence[Path],
    settings: Settings,
    *,
    catalogue: Path | None = None,
    methods: str = "ours",
    words: bool = False,
    as_json: bool = False,
) -> tuple[str, bool]:
    """Plays the stories of the files; the report, and whether the first method met every expectation.

    `catalogue`: a file to play over instead of the operator's own; `methods`: names, comma-separated; `words`:
    with the language model rather than plain sentences. Raises StoryError, SettingsError.
    """
    chosen = methods_named(methods)
    stories = [story for path in paths for story in read_stories(path)]
    stage = operators_mind(settings, words=words) if catalogue is None else mind_of(catalogue, settings, words=words)
    with stage as mind, progress_bar("stories") as show:
        reports = play_all(mind, stories, chosen, show)
    told = json.dumps(report.as_json(reports), ensure_ascii=False, indent=2) if as_json else report.as_text(reports)
    return told, not any(played.failed for played in reports[chosen[0].name])


def methods_named(names: str) -> list[Method]:
    """The methods of a comma-separated list. Raises SettingsError for one that is not known."""
    found = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    unknown = [name for name in found if name not in METHODS]
    if unknown or not found:
        raise SettingsError(name="--methods", reason=f"allowed: {', '.join(METHODS)}")
    return [METHODS[name] for name in found]
