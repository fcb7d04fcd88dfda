"""What slates are made from, and what is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bot.interest.state import Interest
from errors import Lang
from retrieval.catalogue import Catalogue
from retrieval.lexical import LexicalIndex
from retrieval.people import People

if TYPE_CHECKING:
    from retrieval.index import Index

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shelf:
    """The catalogue with what is searched beside it: one consistent snapshot.

    `popular`, `fresh` [n]: approval by everybody, and recency, both 0-1. `people`: what goes
    together by what visitors did, None where none did anything.
    """

    catalogue: Catalogue
    lexical: LexicalIndex
    index: Index
    popular: FloatArray
    fresh: FloatArray
    people: People | None = None


@dataclass(frozen=True)
class Request:
    """What a slate is wanted for.

    `shown`: ids that are not shown again, unless this turn narrows what was asked for and too little else meets it;
    `without`: ids never to be shown (what something similar is wanted to).
    `domains`, `tags`: the site's own choice, none for all; of the tags, one is enough. `said_at`: the turn whose
    words are answered, empty if none; `message`: what was said in it. `seed`: draws the first slates. `anything`: the
    visitor left the choice open, so different directions, whatever was spoken of before.
    """

    interest: Interest
    lang: Lang
    size: int
    shown: Collection[str] = ()
    domains: Sequence[str] = ()
    said_at: str = ""
    message: str = ""
    seed: int = 0
    anything: bool = False
    without: Collection[str] = ()
    tags: Sequence[str] = ()
