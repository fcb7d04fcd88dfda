"""`zhiyin eval`: a catalogue and recorded dialogues in, a report out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.evaluation.dialogues import Dialogue, read_dialogues
from bot.evaluation.embedding import KeptEncoder, model_key
from bot.evaluation.grounds import prepare
from bot.evaluation.learning import drawn, learnt
from bot.evaluation.methods import NEEDS_VECTORS, WEIGHTS, methods_named
from bot.evaluation.protocol import cases
from bot.evaluation.report import as_json, as_text
from bot.evaluation.run import figures, rank_all
from bot.loading import load_encoder
from bot.settings import Settings
from bot.setup import progress_bar, set_up
from errors import CatalogueError, SettingsError
from retrieval.files import read_items
from retrieval.items import Item

DEFAULT_METHODS = "popularity,co-occurrence,bm25,bm25 all turns,dense,fusion,ours"


@dataclass
class Inputs:
    """What was read. `errors`: what was refused, in order."""

    items: list[Item]
    dialogues: list[Dialogue] = field(default_factory=list)
    train: list[Dialogue] = field(default_factory=list)
    errors: list[CatalogueError] = field(default_factory=list)


def evaluate(
    settings: Settings,
    catalogue: Path,
    dialogues: Path,
    train: Path | None = None,
    *,
    methods: str = DEFAULT_METHODS,
    limit: int = 0,
    vectors: bool = True,
    as_data: bool = False,
) -> tuple[str, Sequence[CatalogueError]]:
    """The report, and the lines or ids that were refused.

    `methods`: names, comma-separated; `limit`: only so many of the dialogues are evaluated, 0 for all (counts are of
    all of them); `vectors`: whether anything is encoded; `as_data`: JSON. Raises SettingsError where there is nothing
    to evaluate.
    """
    named = methods_named(methods, WEIGHTS)
    inputs = read(catalogue, dialogues, train)
    position = {item.id: i for i, item in enumerate(inputs.items)}
    every = [case for case in cases(inputs.dialogues, position) if not limit or case.situation.dialogue < limit]
    if not every:
        raise SettingsError(name="--dialogues", reason=f"in {dialogues} no turn puts forward an item of the catalogue")
    weigh = any(name.startswith("ours") for name in named)
    examples = drawn(inputs.train, position) if weigh and inputs.train else []
    with progress_bar("vectors") as show:
        encoder = _encoder(settings, show) if vectors and (weigh or NEEDS_VECTORS & named.keys()) else None
        grounds = prepare(inputs.items, inputs.dialogues, inputs.train, encoder, examples)
    if examples:
        named = methods_named(methods, learnt(grounds, examples, WEIGHTS))
    with progress_bar("ranking") as show:
        ranked = rank_all(grounds, every, named, show)
    about: dict[str, Any] = {
        "dialogues": len({case.situation.dialogue for case in every}),
        "turns": len(every),
        "targets": sum(len(case.targets) for case in every),
        "items": len(inputs.items),
        "refused": len(inputs.errors),
    }
    found = {name: figures(one, grounds) for name, one in ranked.items()}
    report = json.dumps(as_json(found, about), indent=2) if as_data else as_text(found, about)
    return report, inputs.errors


def read(catalogue: Path, dialogues: Path, train: Path | None) -> Inputs:
    """The files. A later item with an id replaces the earlier; a train dialogue that is evaluated is no train."""
    items: dict[str, Item] = {}
    errors: list[CatalogueError] = []
    for item in read_items(catalogue):
        if isinstance(item, Item):
            items[item.id] = item
        else:
            errors.append(item)
    if not items:
        raise SettingsError(name="--catalog", reason=_told(f"{catalogue} has no items", errors))
    inputs = Inputs(list(items.values()), errors=errors)
    known = {id_: i for i, id_ in enumerate(items)}
    inputs.dialogues = _dialogues(dialogues, known, errors)
    if not inputs.dialogues:
        raise SettingsError(name="--dialogues", reason=_told(f"{dialogues} has no dialogues", errors))
    if train is not None:
        evaluated = {dialogue.id for dialogue in inputs.dialogues}
        inputs.train = [d for d in _dialogues(train, known, errors) if d.id not in evaluated]
    return inputs


def _dialogues(path: Path, known: dict[str, int], errors: list[CatalogueError]) -> list[Dialogue]:
    found = []
    for dialogue in read_dialogues(path, known):
        if isinstance(dialogue, Dialogue):
            found.append(dialogue)
        else:
            errors.append(dialogue)
    return found


def _told(reason: str, errors: Sequence[CatalogueError]) -> str:
    return f"{reason}; the first line refused: {errors[0]}" if errors else reason


def _encoder(settings: Settings, show: Any) -> KeptEncoder:
    with redirect_stdout(sys.stderr):
        set_up_encoder = settings.model_copy(update={"llm": "none"})
        set_up(set_up_encoder, catalogue=False)
    path = settings.data_dir / "evaluation" / "vectors.db"
    return KeptEncoder(lambda: load_encoder(settings), model_key(settings), path, show)
