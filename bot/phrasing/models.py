"""Which language model the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.phrasing.bases import DEFAULT, base_of
from bot.phrasing.instruction import Instructed
from bot.phrasing.language_model import LanguageModel
from bot.settings import Settings
from errors import ModelError

ADAPTER = DEFAULT.adapter
"""Our own adapter for the base that is taken where the settings name none."""


def language_model(settings: Settings, before: Callable[[], None] = lambda: None) -> LanguageModel | None:
    """The model, loaded; None where plain sentences were chosen. Raises ModelError where it cannot be had.

    `before`: called before each pass of a model in this process, which waits for it.
    """
    match settings.llm:
        case "none":
            return None
        case "openai":
            from bot.phrasing.openai import OpenAIModel

            key = settings.llm_api_key.get_secret_value()
            address, name = settings.llm_base_url, settings.llm_model
            return Instructed(OpenAIModel(address, name, key, at_once=settings.llm_at_once))
        case _:
            folder, adapter = folder_and_adapter(settings)
            base = base_of(settings.llm)
            if base and not (folder / "config.json").exists():
                raise ModelError(model=base.title, reason=f"{folder} is missing; run: zhiyin setup")
            return _transformers_model(folder, adapter, settings.threads, before)


def folder_and_adapter(settings: Settings) -> tuple[Path, Path | None]:
    """Where the model of the settings lies that this process runs, and the operator's adapter for it, or our own."""
    base = base_of(settings.llm)
    adapter = base.adapter if base and (base.adapter / "adapter_config.json").exists() else None
    if settings.llm_adapter:
        adapter = Path(settings.llm_adapter)
    return (base.folder(settings.models_dir) if base else Path(settings.llm)), adapter


def _transformers_model(folder: Path, adapter: Path | None, threads: int, before: Callable[[], None]) -> LanguageModel:
    from bot.phrasing.llm import EmbeddedModel

    model = EmbeddedModel(folder, adapter, threads=threads, before=before)
    return model if adapter else Instructed(model)
