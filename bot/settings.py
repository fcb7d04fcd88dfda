"""Settings: environment (`ZHIYIN_…`), then `.env`, then `zhiyin.toml`, then the defaults here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.service.logs import LogKind
from errors import InputError, SettingsError
from retrieval.similarity import ItemSimilarity
from storage.cipher import Cipher, read_keys

RATE = re.compile(r"[1-9]\d*/(?:second|minute|hour|day)")
ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_TEXT = 500


def _rate(value: str) -> str:
    if not RATE.fullmatch(value):
        raise ValueError("allowed: a number, a slash and second, minute, hour or day, such as 60/minute")
    return value


def _origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError(
            f"{value!r} is no origin; allowed: http:// or https://, a host in small letters and at most a port, "
            "such as https://shop.example, with no path and no slash at the end"
        )
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError(f"{value!r} is no address; allowed: such as 10.0.0.7 or 10.0.0.0/8") from None
    return value


def _check_names(names: Iterable[str], of: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a {of}; allowed: small letters, digits, - and _")


def _by_language(value: dict[str, str]) -> dict[str, str]:
    if wrong := [lang for lang in value if lang not in ("zh", "en")]:
        raise ValueError(f"{wrong[0]!r} is no language; allowed: zh and en")
    if any(len(text) > LONGEST_TEXT for text in value.values()):
        raise ValueError(f"allowed: at most {LONGEST_TEXT} characters")
    return value


Rate = Annotated[str, AfterValidator(_rate)]
Origin = Annotated[str, AfterValidator(_origin)]
ByLanguage = Annotated[dict[str, str], AfterValidator(_by_language)]
Name = Annotated[str, Field(min_length=1, max_length=128)]


class SiteSettings(BaseModel):
    """One site among several: `[sites.NAME]` in `zhiyin.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origins: tuple[Origin, ...] = ()
    """Pages that may call for this site."""
    domains: tuple[Name, ...] = ()
    """The domains of the catalogue that it shows; empty: all."""
    tags: tuple[Name, ...] = ()
    """Of those, the items with at least one of these tags; empty: all."""
    title: ByLanguage = {}
    greeting: ByLanguage = {}
    accent: str = ""
    """Its colour, such as #0a7d5a."""
    identity_secret: SecretStr = SecretStr("")
    """Key for its visitors' HMAC identity; empty: identities come without a proof."""
    identity_required: bool = False
    """Whether visitors without an identity are refused."""
    rate_limit: Annotated[str, AfterValidator(lambda value: value and _rate(value))] = ""
    """Messages and feedback that all its visitors together may send; empty: no limit of its own."""

    @field_validator("accent")
    @classmethod
    def _colour(cls, value: str) -> str:
        if value and not COLOUR.fullmatch(value):
            raise ValueError("allowed: a colour such as #0a7d5a or #0a7")
        return value


class ReviewerSettings(BaseModel):
    """One who may review: `[reviewers.NAME]` in `zhiyin.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: SecretStr = SecretStr("")
    """Empty: only a trusted proxy can say that it is them."""
    role: Literal["reader", "editor"] = "reader"


class Settings(BaseSettings):
    """All that an operator can set. Each name is its environment variable without the prefix, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="ZHIYIN_",
        env_file=".env",
        toml_file="zhiyin.toml",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
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
    """Opens the review console to one editor; empty, and no reviewers: there is no console."""
    reviewers: dict[str, ReviewerSettings] = {}
    """Several people who may review, each with a role."""
    review_header: str = ""
    """A header in which a trusted proxy names who is logged in, such as X-Forwarded-User."""
    widget_origins: Annotated[tuple[Origin, ...], NoDecode] = ()
    """Other sites that may call the interface, comma-separated."""
    identity_secret: SecretStr = SecretStr("")
    """Key for the visitors' HMAC identity; empty: visitors are anonymous."""
    identity_required: bool = False
    """Whether visitors without an identity are refused."""
    rate_limit: Rate = "60/minute"
    """Messages and feedback a visitor may send."""
    address_rate_limit: Rate = "1200/minute"
    """Calls of all kinds that may come from one network address, where many visitors may sit behind one."""
    rate_storage: str = "memory://"
    """Where the limits are counted: this process, or for several replicas a server such as redis://host:6379."""
    queue_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Messages that are answered at once or wait for it; further ones are told to come again."""
    session_days: Annotated[int, Field(ge=1, le=3650)] = 180
    """Days after its last use at which a session's token expires."""
    encryption_key: SecretStr = SecretStr("")
    """Keys under which texts are kept (base64 of 32 bytes, comma-separated): the first encrypts, all decrypt; empty:
    texts are kept in clear."""
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days after its last use at which a session is removed with all that hangs on it; 0: never."""
    archive_dir: str = ""
    """Where sessions are written before their age removes them; empty: nowhere."""
    mask_exports: bool = True
    """Whether phone numbers, mail addresses, identity and bank card numbers are masked in what is exported."""
    popular_floor: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Different visitors who must have judged an item before that counts for others."""
    privacy_notice: ByLanguage = {}
    """What visitors read after the greeting, before their first message, by language; empty: nothing."""
    sites: dict[str, SiteSettings] = {}
    """Several sites in one app, each with its own part of the catalogue, texts and secrets."""
    root_path: str = ""
    """The path under which a proxy shows the app (and which it takes off), such as /zhiyin."""
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode] = ("127.0.0.1", "::1")
    """Addresses or networks of proxies whose forwarded headers are believed, comma-separated."""
    log: LogKind = "plain"
    """What the log is written for: `plain` to be read, `json` for what gathers logs, one object a line."""
    stop_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    """Seconds that running replies have to end when the app is told to stop; then they are stored as incomplete."""
    otlp_url: str = ""
    """Where spans are sent by OTLP over HTTP, such as http://localhost:4318/v1/traces; empty: nowhere."""
    otlp_text: bool = False
    """Whether spans have what visitors and the app say."""
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    """Processor threads for the models."""

    @field_validator("widget_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("sites")
    @classmethod
    def _named(cls, value: dict[str, SiteSettings]) -> dict[str, SiteSettings]:
        _check_names(value, "site")
        return value

    @field_validator("encryption_key")
    @classmethod
    def _keys(cls, value: SecretStr) -> SecretStr:
        try:
            read_keys(value.get_secret_value())
        except InputError as error:
            raise ValueError(error.fields["reason"]) from None
        return value

    @field_validator("reviewers")
    @classmethod
    def _reviewer_named(cls, value: dict[str, ReviewerSettings]) -> dict[str, ReviewerSettings]:
        _check_names(value, "reviewer")
        return value

    @field_validator("review_header")
    @classmethod
    def _forwarded(cls, value: str) -> str:
        # Such headers are taken away where they come from anybody but a trusted proxy.
        if value and not re.fullmatch(r"(?i)x-forwarded-[a-z-]+", value):
            raise ValueError("allowed: a header that begins with X-Forwarded-, such as X-Forwarded-User")
        return value

    @field_validator("root_path")
    @classmethod
    def _path(cls, value: str) -> str:
        if value and not re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)+", value):
            raise ValueError("allowed: a path such as /zhiyin, with a slash before it and none after")
        return value

    @field_validator("rate_storage")
    @classmethod
    def _counted(cls, value: str) -> str:
        if not re.match(r"(?:memory|rediss?|redis\+\w+|memcached|mongodb)://", value):
            raise ValueError("allowed: memory://, or a server such as redis://host:6379")
        return value

    @property
    def cipher(self) -> Cipher:
        """How the store keeps texts."""
        return Cipher(read_keys(self.encryption_key.get_secret_value()))

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
        raise SettingsError(name=_name(first["loc"]), reason=first["msg"].removeprefix("Value error, ")) from None
    if settings.llm == "openai" and not (settings.llm_base_url and settings.llm_model):
        raise SettingsError(name="ZHIYIN_LLM_BASE_URL", reason="ZHIYIN_LLM=openai needs it and ZHIYIN_LLM_MODEL")
    return settings


def _name(place: tuple[int | str, ...]) -> str:
    """What the operator wrote it under."""
    match place:
        case ("sites", site, *rest):
            return f"[sites.{site}] {'.'.join(str(part) for part in rest)}".strip()
        case ("reviewers", name, *rest):
            return f"[reviewers.{name}] {'.'.join(str(part) for part in rest)}".strip()
        case (first, *_):
            return f"ZHIYIN_{first}".upper()
        case _:
            return "ZHIYIN_?"
