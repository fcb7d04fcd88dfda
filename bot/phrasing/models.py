"""Which language model the settings ask for."""

from __future__ import annotations

from pathlib import Path

from bot.phrasing.language_model import LanguageModel
from bot.settings import Settings
from errors import ModelError

ADAPTER = Path(__file__).parent / "data" / "adapter"


def language_model(settings: Settings) -> LanguageModel | None:
    """The model, loaded; None where plain sentences were chosen. Raises ModelError where it cannot be had."""
    match settings.llm:
        case "none":
            return None
        case "openai":
            from bot.phrasing.openai import OpenAIModel

            key = settings.llm_api_key.get_secret_value()
            return OpenAIModel(settings.llm_base_url, settings.llm_model, key)
        case "embedded":
            folder = settings.models_dir / "llm"
            if not (folder / "config.json").exists():
                raise ModelError(model="embedded", reason=f"{folder} is missing; run: zhiyin setup")
            adapter = ADAPTER if (ADAPTER / "adapter_config.json").exists() else None
            return _transformers_model(folder, adapter, settings.threads)
        case folder:
            return _transformers_model(Path(folder), None, settings.threads)


def _transformers_model(folder: Path, adapter: Path | None, threads: int) -> LanguageModel:
    from bot.phrasing.llm import EmbeddedModel

    return EmbeddedModel(folder, adapter, threads=threads)
