"""`zhiyin simulate`: a catalogue in, how soon simulated visitors find what they are after out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.setup import progress_bar
from bot.simulation.play import OurTalk, PlainTalk, figures, meet_all
from bot.simulation.taste import tastes
from bot.stories.stage import mind_of, operators_mind, passing_bot
from errors import Lang, SettingsError
from retrieval.items import Item
from retrieval.segment import HAN


def simulate(
    settings: Settings,
    catalogue: Path | None = None,
    *,
    visitors: int = 100,
    lang: Lang | None = None,
    seed: int = 0,
    as_data: bool = False,
) -> str:
    """The report for ours and for the plain method, over the same visitors.

    `catalogue`: a file, or the operator's own; `lang`: what the visitors speak, else what the catalogue is written in.
    Raises SettingsError where no taste can be drawn from the catalogue.
    """
    stage = operators_mind(settings, words=False) if catalogue is None else mind_of(catalogue, settings, words=False)
    with stage as mind, passing_bot(mind) as bot:
        shelf = mind.recommender.shelf.catalogue
        spoken: Lang = lang or ("zh" if _chinese(shelf.items) else "en")
        every = tastes(shelf.items, spoken, visitors, seed)
        if not every:
            raise SettingsError(name="--catalog", reason="its items share too few words to wish for")
        with progress_bar("ours") as show:
            ours = figures(meet_all(lambda: OurTalk(bot, spoken), every, spoken, shelf, show))
        with progress_bar("plain") as show:
            plain = figures(meet_all(lambda: PlainTalk(mind), every, spoken, shelf, show))
    found = {"ours": ours, "plain": plain}
    about = {"visitors": len(every), "lang": spoken, "items": len(shelf.items), "seed": seed}
    return json.dumps({"methods": found, **about}, indent=2) if as_data else _table(found, about)


def _chinese(items: tuple[Item, ...]) -> bool:
    return sum(bool(HAN.search(item.title)) for item in items) * 2 >= len(items)


def _table(found: dict[str, dict[str, float]], about: dict[str, Any]) -> str:
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), f"{'':20}{'ours':>8}{'plain':>8}"]
    for name in found["ours"]:
        cells = [_cell(name, found[method][name]) for method in ("ours", "plain")]
        lines.append(f"{name:20}" + "".join(f"{cell:>8}" for cell in cells))
    return "\n".join(lines)


def _cell(name: str, value: float) -> str:
    return f"{value:.2f}" if name in ("turns needed", "diversity") else f"{100 * value:.1f} %"
