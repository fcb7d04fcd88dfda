"""Which language model the settings ask for."""

from __future__ import annotations

from pathlib import Path

from bot.phrasing.bases import DEFAULT, Base, base_of
from bot.phrasing.instruction import Instructed
from bot.phrasing.language_model import LanguageModel
from bot.settings import Settings
from errors import ModelError

ADAPTER = DEFAULT.adapter
"""Our own adapter for the base that is taken where the settings name none."""


def language_model(settings: Settings) -> LanguageModel | None:
    """The model, loaded; None where plain sentences were chosen. Raises ModelError where it cannot be had."""
    match settings.llm:
        case "none":
            return None
        case "openai":
            from bot.phrasing.openai import OpenAIModel

            key = settings.llm_api_key.get_secret_value()
            address, name = settings.llm_base_url, settings.llm_model
            return Instructed(OpenAIModel(address, name, key, at_once=settings.llm_at_once))
        case name if base := base_of(name):
            folder = base.folder(settings.models_dir)
            if not (folder / "config.json").exists():
                raise ModelError(model=base.title, reason=f"{folder} is missing; run: zhiyin setup")
            return _transformers_model(folder, _adapter(settings, base), settings.threads)
        case folder:
            return _transformers_model(Path(folder), _adapter(settings, None), settings.threads)


def _adapter(settings: Settings, base: Base | None) -> Path | None:
    """The operator's adapter, or our own for a base that has one."""
    if settings.llm_adapter:
        return Path(settings.llm_adapter)
    return base.adapter if base and (base.adapter / "adapter_config.json").exists() else None


def _transformers_model(folder: Path, adapter: Path | None, threads: int) -> LanguageModel:
    from bot.phrasing.llm import EmbeddedModel

    model = EmbeddedModel(folder, adapter, threads=threads)
    return model if adapter else Instructed(model)
