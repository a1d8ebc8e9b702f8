"""What an operator sets: environment variables `KHEDMATYAR_…` or a `.env` file; documented in docs/settings.md."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from knowledge.errors import KhedmatyarError
from knowledge.workdays import load_deadlines

PREFIX = "KHEDMATYAR_"

_GUESSED = re.compile(
    "changeme|change[-_]me|passw(?:or)?d|example|secret|default|webhook|token|khedmatyar|telegram|letmein|qwerty|admin"
    "|test|0123456789|123456789|12345678|abcdefgh|ostandari|mazandaran"
)

_WRONG = {
    "int_parsing": "عدد نیست",
    "less_than_equal": "بزرگ‌تر از اندازه‌ی مجاز است",
    "greater_than_equal": "کوچک‌تر از اندازه‌ی مجاز است",
    "bool_parsing": "باید true یا false باشد",
    "literal_error": "از مقدارهای مجاز نیست",
}


WEAK_SECRET = (
    f"{PREFIX}WEBHOOK_SECRET: حدس‌زدنی یا نادرست است؛ دست‌کم ۱۶ نویسه از A-Z و a-z و 0-9 و _ و - باشد."
    " نمونه‌اش را این فرمان می‌سازد: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
)


class SettingsError(KhedmatyarError):
    """A setting cannot be used; the text names it and says why."""


Days = Annotated[int, Field(ge=0, le=36_500)]
"""A period of keeping; 0: for ever."""


class Settings(BaseSettings):
    """All settings. Secrets never show in a log or a representation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    telegram_token: SecretStr | None = Field(default=None, description="Token from BotFather; without it no Telegram.")
    telegram_api_url: str = Field(
        default="https://api.telegram.org",
        description="Where Telegram's Bot API is; calls go to `{URL}/bot{token}/{method}`.",
    )
    proxy: str | None = Field(
        default=None, description="http://, https:// or socks5:// proxy, for Telegram only (it is filtered in Iran)."
    )
    bale_token: SecretStr | None = Field(default=None, description="Token of the Bale bot; without it no Bale.")
    bale_api_url: str = Field(default="https://tapi.bale.ai", description="Where Bale's Bot API is.")
    web_host: str = Field(default="127.0.0.1", description="Address the web chat listens on.")
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8080, description="Its port; 0 = no web chat.")
    web_frame_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Sites (comma separated) that may show the web chat in a frame; none by default."
    )
    web_proxies: Annotated[int, Field(ge=0, le=9)] = Field(
        default=0, description="Reverse proxies of your own before the web chat, whose X-Forwarded-For is believed."
    )
    web_secret: SecretStr | None = Field(
        default=None, description="Signs the web chat's sessions; needed where several processes share a database."
    )
    database_url: str = Field(
        default="sqlite:///data/khedmatyar.sqlite",
        description="SQLite file (sqlite:///path) or PostgreSQL (postgresql://user@host/name).",
    )
    admins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="User ids of the first administrators, comma separated."
    )
    desk_chat: str | None = Field(default=None, description="Id of the staff's group chat.")
    deadlines: str = Field(
        default="",
        description="Working days of a complaint's stages where they are not the booklet's: look=5,answer=3,letters=5,"
        "inspection=15,reply=10.",
    )
    messages_per_minute: Annotated[int, Field(ge=0, le=6000)] = Field(
        default=60, description="Messages and presses a minute that one person may send on Telegram or Bale; 0 = any."
    )
    webhook_url: str | None = Field(
        default=None, description="Public address of the webhook (https://…); without it updates are polled."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Secret of the webhook: Telegram's header and Bale's path; needed with WEBHOOK_URL."
    )
    data_key: SecretStr | None = Field(
        default=None, description="Key that encrypts personal data at rest (32 bytes, base64)."
    )
    data_keys_old: SecretStr | None = Field(
        default=None, description="Keys that were in use before DATA_KEY, comma separated: they still open what is old."
    )
    keep_messages: Annotated[int, Field(ge=2, le=365)] = Field(
        default=2, description="Days that messages are kept after they were sent."
    )
    keep_conversations: Days = Field(
        default=90, description="Days that the memory of an idle chat is kept, an unfinished complaint included."
    )
    keep_misses: Days = Field(
        default=365, description="Days that questions without an answer are kept (they name nobody)."
    )
    keep_people: Days = Field(
        default=730, description="Days that a person who neither writes nor is subscribed is known."
    )
    keep_complainants: Days = Field(
        default=730, description="Days from its settling that a complaint keeps name, number and chat of who filed it."
    )
    keep_complaints: Days = Field(
        default=0, description="Days from its settling that a complaint is kept at all; 0 = for ever."
    )
    keep_deliveries: Days = Field(
        default=90, description="Days from its end that an announcement's list of recipients is kept."
    )

    announce_approval: Literal["everyone", "always", "never"] = Field(
        default="everyone", description="Which announcements a second member approves: those to everyone, all, none."
    )
    announce_rate: Annotated[float, Field(ge=1, le=30)] = Field(
        default=25.0, description="Announcements a second; the messengers' own limit is 30 with the live answers."
    )

    ops_host: str = Field(default="127.0.0.1", description="Address that /metrics, /healthz and /readyz listen on.")
    ops_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=0, description="Their port (9090, say), for the operator alone; 0 = off."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level of what is logged; personal data is in none of them."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="A JSON object a line, lines to read, or auto: lines to read on a terminal."
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("admins", "web_frame_ancestors", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.replace("،", ",").split(",") if word.strip())
        return value

    @field_validator("deadlines")
    @classmethod
    def _readable_deadlines(cls, value: str) -> str:
        load_deadlines().changed(value)
        return value

    @field_validator("telegram_api_url", "bale_api_url", "webhook_url")
    @classmethod
    def _no_slash_at_the_end(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value


def load_settings() -> Settings:
    """The settings from the environment and `.env`; SettingsError naming each variable that cannot be used."""
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [
            f"{PREFIX}{str(one['loc'][0]).upper()}: {_WRONG.get(one['type'], one['msg'])}" for one in error.errors()
        ]
        raise SettingsError("این تنظیم‌ها درست نیست:\n" + "\n".join(lines)) from None
    if settings.webhook_url and not settings.webhook_secret:
        raise SettingsError(f"{PREFIX}WEBHOOK_SECRET: با {PREFIX}WEBHOOK_URL لازم است")
    if settings.webhook_url and settings.webhook_secret and _is_weak(settings.webhook_secret.get_secret_value()):
        raise SettingsError(WEAK_SECRET)
    return settings


def _is_weak(secret: str) -> bool:
    """Whether it could be guessed, or is not of the characters that Telegram takes."""
    # What is left without the words that everybody tries first must itself be long.
    guessed = len(_GUESSED.sub("", secret.lower())) < 10
    repeated = len(set(secret)) < 8 or secret in (secret + secret)[1:-1]
    return guessed or repeated or re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret) is None


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret among the settings, to be cut out of the log: tokens, keys, passwords in addresses."""
    found = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    found += [word for url in (settings.proxy, settings.database_url) if url and (word := urlsplit(url).password)]
    return tuple(found)


def variables() -> dict[str, str]:
    """Every variable and what it is for."""
    return {PREFIX + name.upper(): field.description or "" for name, field in Settings.model_fields.items()}
