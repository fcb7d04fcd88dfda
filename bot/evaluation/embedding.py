"""Vectors of texts, kept on disk, so that a second run over the same texts encodes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bot.settings import Settings

if TYPE_CHECKING:
    from retrieval.encoder import Kind, TextEncoder

FloatArray = npt.NDArray[np.float32]
Progress = Callable[[float], None]

CHUNK = 256
"""Texts encoded between two writes: what a kill can cost."""
LONGEST = 300
"""Characters of a text that are encoded."""


class KeptEncoder:
    """An encoder (`TextEncoder`) whose vectors are kept in an SQLite file, by checksum of model, kind and text.

    Half precision on disk: a cosine moves by less than 0.001. The encoder is made (`make`) only when a text is new.
    """

    def __init__(
        self, make: Callable[[], TextEncoder], name: str, path: Path, progress: Progress = lambda share: None
    ) -> None:
        self._make = make
        self._encoder: TextEncoder | None = None
        self._name = name
        self._path = path
        self._progress = progress

    def encode(self, texts: Sequence[str], kind: Kind) -> FloatArray:
        """Texts [n] -> unit vectors [n, d]."""
        cut = [text[:LONGEST] for text in texts]
        keys = {text: self._key(text, kind) for text in cut}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=60)) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
            known = _known(db, list(keys.values()))
            # By length, so that a batch has little padding.
            new = sorted((text for text, key in keys.items() if key not in known), key=lambda text: (len(text), text))
            for start in range(0, len(new), CHUNK):
                chunk = new[start : start + CHUNK]
                rows = self._new(chunk, kind).astype(np.float16)
                pairs = [(keys[text], row.tobytes()) for text, row in zip(chunk, rows, strict=True)]
                db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", pairs)
                db.commit()
                known.update(pairs)
                self._progress((start + len(chunk)) / len(new))
        self._progress(1.0)
        found = [np.frombuffer(known[keys[text]], dtype=np.float16) for text in cut]
        return np.asarray(found, dtype=np.float32) if found else np.zeros((0, 0), dtype=np.float32)

    def _new(self, texts: Sequence[str], kind: Kind) -> FloatArray:
        if self._encoder is None:
            self._encoder = self._make()
        vectors: FloatArray = self._encoder.encode(texts, kind)
        return vectors

    def _key(self, text: str, kind: Kind) -> bytes:
        said = "\0".join((self._name, kind, text)).encode("utf-8", "surrogatepass")
        return blake2b(said, digest_size=16).digest()


def model_key(settings: Settings) -> str:
    """Tells models apart without loading one: the name, and for a folder of the operator's the size of its weights.

    What the embedded model is, a checksum holds fast.
    """
    folder = Path(settings.encoder)
    files = sorted(folder.glob("*.safetensors")) if settings.encoder != "embedded" and folder.is_dir() else []
    return " ".join((settings.encoder, *(f"{file.name}:{file.stat().st_size}" for file in files)))


def _known(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Key -> vector of what is stored."""
    found: dict[bytes, bytes] = {}
    for part in _parts(keys):
        marks = ",".join("?" * len(part))
        found.update(db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part))
    return found


def _parts(keys: Sequence[bytes], size: int = 500) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
