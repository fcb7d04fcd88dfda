"""Settings: environment (`ZHIYIN_…`), then `.env`, then `zhiyin.toml`, then the defaults here."""

from __future__ import annotations

import re
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from errors import SettingsError
from retrieval.similarity import ItemSimilarity

RATE = re.compile(r"[1-9]\d*/(?:second|minute|hour|day)")


class Settings(BaseSettings):
    """All that an operator can set. Each name is its environment variable without the prefix, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="ZHIYIN_", env_file=".env", toml_file="zhiyin.toml", extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    """Database, vector index and logs."""
    models_dir: Path = Path("models")
    """Unpacked models; may be shared by any number of data folders."""
    database_url: str = ""
    """A SQLAlchemy address; empty: SQLite in the data folder."""
    chroma_url: str = ""
    """A Chroma server; empty: an embedded one in the data folder."""
    encoder: str = "embedded"
    """`embedded`, a folder or a name that transformers knows (a BERT)."""
    llm: str = "embedded"
    """`embedded` (the default base), `qwen` or `gemma` (the bases that set-up can fetch), `none`, `openai`, or a folder
    that transformers can load."""
    llm_adapter: str = ""
    """A folder that `zhiyin train` wrote for that model; empty: our own, where there is one."""
    llm_base_url: str = ""
    llm_model: str = ""
    llm_api_key: SecretStr = SecretStr("")
    llm_at_once: Annotated[int, Field(ge=1, le=1024)] = 8
    """Requests that an endpoint is sent at once; others wait."""
    words_timeout: Annotated[float, Field(gt=0, le=600)] = 20.0
    """Seconds in which the language model must write a reply, its first words in half of them; then plain sentences."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    slate_size: Annotated[int, Field(ge=1, le=12)] = 3
    similarity: ItemSimilarity = "cosine"
    """How alike two items are: for `/items/{id}/similar` and for what was liked."""
    review_password: SecretStr = SecretStr("")
    widget_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Other sites that may call the interface, comma-separated."""
    identity_secret: SecretStr = SecretStr("")
    """Key for the visitors' HMAC identity; empty: visitors are anonymous."""
    rate_limit: str = "60/minute"
    """Messages and feedback a visitor may send."""
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    """Processor threads for the models."""

    @field_validator("widget_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if not RATE.fullmatch(value):
            raise ValueError("allowed: a number, a slash and second, minute, hour or day, such as 60/minute")
        return value

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'zhiyin.db').resolve()}"

    @property
    def chroma(self) -> str:
        """Where the vector index is: a server's address or a folder."""
        return self.chroma_url or str((self.data_dir / "chroma").resolve())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Which source wins: the earlier."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**given: Any) -> Settings:
    """The settings in force. Raises SettingsError with the setting's name and what is allowed."""
    try:
        settings = Settings(**given)
    except TOMLDecodeError as error:
        raise SettingsError(name="zhiyin.toml", reason=f"it is no valid TOML ({error})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(name=".env or zhiyin.toml", reason="it is not UTF-8 text") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "ZHIYIN_" + str(first["loc"][0] if first["loc"] else "?").upper()
        raise SettingsError(name=name, reason=first["msg"].removeprefix("Value error, ")) from error
    if settings.llm == "openai" and not (settings.llm_base_url and settings.llm_model):
        raise SettingsError(name="ZHIYIN_LLM_BASE_URL", reason="ZHIYIN_LLM=openai needs it and ZHIYIN_LLM_MODEL")
    return settings
