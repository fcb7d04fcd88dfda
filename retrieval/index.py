"""The vector index: ids, vectors and checksums in Chroma, by cosine. The only place that knows Chroma."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
import numpy.typing as npt
from chromadb.config import Settings
from chromadb.errors import ChromaError, NotFoundError

from errors import VectorIndexError

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]

COLLECTION = "items"
PAGE = 1000
"""Records read or written at once; below Chroma's own limit everywhere, which is asked for besides."""
TROUBLES = (ChromaError, httpx.HTTPError, OSError, ValueError, RuntimeError)
"""What Chroma raises, near and far."""
SERVER_SECONDS = 10.0
"""How long a server may take for one page of records or one search."""


class Index:
    """Where the items' vectors are kept between runs and searched.

    Args:
        path_or_url: a folder for an embedded Chroma, or the `http(s)://` address of a server.
        name: the encoder's name. An index that another encoder has filled is emptied, since its vectors
            mean something else; `rebuilt` is then true.

    Every method raises VectorIndexError when Chroma cannot read or write.
    """

    def __init__(self, path_or_url: str | Path, name: str) -> None:
        self._name = name
        self.rebuilt = False
        self.trouble = ""
        """Why a search failed; until `recover` no other is tried, so that nobody waits for a server that is away."""
        self.lost = False
        """Whether the collection was found gone; `reopen` makes it anew, empty."""
        with _told("opened"):
            self._client = _client(str(path_or_url))
            self._collection = self._open()
            self._page = min(PAGE, self._client.get_max_batch_size())

    def reopen(self) -> None:
        """Finds the collection again, or makes it anew."""
        with _told("opened"):
            self._collection = self._open()
        self.lost, self.trouble = False, ""

    def recover(self) -> bool:
        """After trouble: whether it can be searched again. Where not, `lost` tells whether it must be filled anew."""
        try:
            self._collection.count()
        except NotFoundError:
            self.lost = True
        except TROUBLES:
            return False
        else:
            self.trouble = ""
            log.info("the index is back")
        return not self.lost

    def _open(self) -> Any:
        collection = self._get_or_create()
        found = (collection.metadata or {}).get("encoder")
        if found == self._name:
            return collection
        log.warning("the index was filled by %s and is made anew for %s", found, self._name)
        self._client.delete_collection(COLLECTION)
        self.rebuilt = True
        return self._get_or_create()

    def _get_or_create(self) -> Any:
        return self._client.get_or_create_collection(
            COLLECTION,
            metadata={"encoder": self._name},
            configuration={"hnsw": {"space": "cosine"}},
            embedding_function=None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files or the connection; the index must not be used after."""
        with _told("closed"):
            self._client.close()

    def __len__(self) -> int:
        with _told("read"):
            return int(self._collection.count())

    def stored(self) -> dict[str, str]:
        """Id -> checksum of everything the index holds."""
        known: dict[str, str] = {}
        with _told("read"):
            while True:
                page = self._collection.get(limit=self._page, offset=len(known), include=["metadatas"])
                if not page["ids"]:
                    return known
                for id_, metadata in zip(page["ids"], page["metadatas"], strict=True):
                    known[id_] = str(metadata["checksum"])

    def vectors(self, ids: Sequence[str]) -> FloatArray:
        """The stored vectors [n, d] of ids [n], in their order. VectorIndexError if one is not stored."""
        found: dict[str, Any] = {}
        with _told("read"):
            for part in self._parts(len(ids)):
                page = self._collection.get(ids=list(ids[part]), include=["embeddings"])
                found.update(zip(page["ids"], page["embeddings"], strict=True))
        missing = [id_ for id_ in ids if id_ not in found]
        if missing:
            raise VectorIndexError(reason=f"it lacks {len(missing)} items, {missing[0]} among them")
        width = len(next(iter(found.values()))) if found else 0
        return np.asarray([found[id_] for id_ in ids], dtype=np.float32).reshape(len(ids), width)

    def put(self, ids: Sequence[str], checksums: Sequence[str], vectors: FloatArray) -> None:
        """Add or replace ids [n], their checksums [n] and unit vectors [n, d]. Kept when the call returns."""
        with _told("written"):
            for part in self._parts(len(ids)):
                self._collection.upsert(
                    ids=list(ids[part]),
                    embeddings=vectors[part],
                    metadatas=[{"checksum": checksum} for checksum in checksums[part]],
                )

    def remove(self, ids: Sequence[str]) -> None:
        """Remove ids; those that are not stored are passed over."""
        with _told("written"):
            for part in self._parts(len(ids)):
                self._collection.delete(ids=list(ids[part]))

    def sync(self, ids: Sequence[str], checksums: Sequence[str], vectors: FloatArray) -> None:
        """Make the index hold exactly this: what is new or has another checksum is written, others go."""
        known = self.stored()
        changed = changed_places(known, ids, checksums)
        self.put([ids[i] for i in changed], [checksums[i] for i in changed], vectors[changed])
        self.remove(sorted(known.keys() - set(ids)))

    def search(self, queries: FloatArray, k: int) -> tuple[list[list[str]], FloatArray]:
        """The k nearest ids of each query [q, d], nearest first, and their cosines [q, k].

        Where fewer are found, the lists are shorter and the cosines padded with nan.
        """
        similarities = np.full((len(queries), k), np.nan, np.float32)
        if not len(queries) or k < 1:
            return [[] for _ in queries], similarities
        if self.trouble:
            raise VectorIndexError(reason=f"it is left alone until it is back ({self.trouble})")
        try:
            with _told("searched"):
                # Only ids and distances: metadata and vectors would cost three times the search.
                found = self._collection.query(query_embeddings=queries, n_results=k, include=["distances"])
        except VectorIndexError as error:
            self.trouble = str(error.fields["reason"])
            raise
        ids: list[list[str]] = found["ids"]
        for row, distances in enumerate(found["distances"]):
            # Chroma's cosine distance is 1 - cosine.
            similarities[row, : len(distances)] = 1 - np.asarray(distances, np.float32)
        return ids, similarities

    def _parts(self, count: int) -> Iterator[slice]:
        return (slice(start, start + self._page) for start in range(0, count, self._page))


def _client(path_or_url: str) -> Any:
    settings = Settings(anonymized_telemetry=False)
    if not path_or_url.startswith(("http://", "https://")):
        Path(path_or_url).mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(path_or_url, settings)
    address = urlsplit(path_or_url)
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 8000)
    client = chromadb.HttpClient(address.hostname or "", port, ssl=secure, settings=settings)
    # Chroma's own client waits for ever for a server that has stopped answering.
    client._server._session.timeout = httpx.Timeout(SERVER_SECONDS)  # type: ignore[attr-defined]
    return client


@contextmanager
def _told(done: str) -> Iterator[None]:
    """Chroma's many errors as the one that callers know."""
    try:
        yield
    except NotFoundError as error:
        log.exception("Chroma's collection is gone")
        raise VectorIndexError(reason="it was made anew by another process; load the catalogue again") from error
    except TROUBLES as error:
        log.exception("Chroma failed")
        raise VectorIndexError(reason=f"Chroma's data could not be {done}") from error


def changed_places(known: Mapping[str, str], ids: Sequence[str], checksums: Sequence[str]) -> list[int]:
    """The places in ids [n] whose checksum is not the one that is known."""
    return [i for i, (id_, checksum) in enumerate(zip(ids, checksums, strict=True)) if known.get(id_) != checksum]
