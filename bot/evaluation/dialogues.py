"""Recorded dialogues: what was said, which items were spoken of, and which were put forward."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from errors import DialogueError, Lang
from retrieval.rows import json_rows

log = logging.getLogger(__name__)

LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's words. `items`: ids spoken of; `recommended`: ids that the bot put forward.

    Whether the visitor accepted them is not read: nothing that ranks may know it.
    """

    role: Literal["user", "bot"]
    text: str
    items: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A recorded dialogue. `line`: where it stands in its file."""

    id: str
    lang: Lang
    turns: tuple[Turn, ...]
    line: int = 0


def read_dialogues(path: Path, known: Mapping[str, int]) -> Iterator[Dialogue | DialogueError]:
    """The dialogues of a JSONL file in its order, with an error in the place of each line that is refused.

    `known`: the catalogue's ids. An id that is not among them is told and left out of its dialogue, which is kept.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            for line, raw in json_rows(file, path.name):
                if isinstance(raw, Exception):
                    yield DialogueError(**raw.fields)
                    continue
                check = _Check(path.name, line)
                try:
                    dialogue = check.dialogue(raw)
                except DialogueError as error:
                    yield error
                    continue
                yield from check.unknown(dialogue, known)
                yield _less_unknown(dialogue, known)
    except OSError as error:
        log.exception("cannot read %s", path)
        yield DialogueError(file=path.name, line=0, field="file", reason=f"cannot be read ({error.strerror})")


@dataclass(frozen=True)
class _Check:
    """Turns raw JSON values into a dialogue; knows which line it reads, for the errors."""

    file: str
    line: int

    def bad(self, field: str, reason: str) -> DialogueError:
        return DialogueError(file=self.file, line=self.line, field=field, reason=reason)

    def dialogue(self, raw: Mapping[str, Any]) -> Dialogue:
        id_, lang, turns = raw.get("id"), raw.get("lang"), raw.get("turns")
        if not isinstance(id_, str) or not id_:
            raise self.bad("id", "is missing" if id_ in (None, "") else "must be text")
        if lang not in ("zh", "en"):
            raise self.bad("lang", "must be zh or en")
        if not isinstance(turns, list) or not turns:
            raise self.bad("turns", "must be a list of turns")
        read = tuple(self.turn(f"turns[{i}]", turn) for i, turn in enumerate(turns))
        return Dialogue(id_, "zh" if lang == "zh" else "en", read, self.line)

    def turn(self, field: str, raw: Any) -> Turn:
        if not isinstance(raw, dict):
            raise self.bad(field, "must be a JSON object")
        role, text = raw.get("role"), raw.get("text")
        if role not in ("user", "bot"):
            raise self.bad(f"{field}.role", "must be user or bot")
        if not isinstance(text, str):
            raise self.bad(f"{field}.text", "must be text")
        if len(text) > LONGEST_TEXT:
            raise self.bad(f"{field}.text", f"has more than {LONGEST_TEXT} characters")
        items = self.ids(f"{field}.items", raw.get("items"))
        recommended = self.ids(f"{field}.recommended", raw.get("recommended"))
        return Turn("user" if role == "user" else "bot", text, items, recommended if role == "bot" else ())

    def ids(self, field: str, raw: Any) -> tuple[str, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list) or not all(isinstance(id_, str) for id_ in raw):
            raise self.bad(field, "must be a list of ids")
        return tuple(dict.fromkeys(raw))

    def unknown(self, dialogue: Dialogue, known: Mapping[str, int]) -> Iterator[DialogueError]:
        for i, turn in enumerate(dialogue.turns):
            for name in ("items", "recommended"):
                for id_ in getattr(turn, name):
                    if id_ not in known:
                        yield self.bad(f"turns[{i}].{name}", f"{id_} is not in the catalogue and is left out")


def _less_unknown(dialogue: Dialogue, known: Mapping[str, int]) -> Dialogue:
    turns = tuple(
        Turn(
            turn.role,
            turn.text,
            tuple(id_ for id_ in turn.items if id_ in known),
            tuple(id_ for id_ in turn.recommended if id_ in known),
        )
        for turn in dialogue.turns
    )
    return Dialogue(dialogue.id, dialogue.lang, turns, dialogue.line)
