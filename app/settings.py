"""Settings: one name everywhere. Flag `--database-url` = PACELINE_DATABASE_URL = `database_url` in
paceline.toml."""

import os
import tomllib
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

BROKERS = ("redis://", "rediss://")  # what both Celery and the client of Redis take


def checked_broker(url: str) -> str:
    """The address as it is. Raises ValueError: Celery takes others, and then waits for ever."""
    if url and not url.startswith(BROKERS):
        raise ValueError("a broker is a Redis: redis://HOST:PORT/0")
    return url


class Settings(BaseSettings):
    """What a server process needs. Flags come in as keyword arguments and beat variables, which
    beat the file."""

    model_config = SettingsConfigDict(
        env_prefix="PACELINE_", toml_file="paceline.toml", extra="ignore", frozen=True
    )

    database_url: str = ""
    data_dir: Path = Path(".paceline")
    host: str = "127.0.0.1"
    port: int = 8731
    store: str = ""
    broker: str = ""
    secret_key: str = Field(default="", repr=False)
    allow_commands: bool = False

    lease_seconds: float = 60.0
    heartbeat_seconds: float = 15.0
    sweep_seconds: float = 5.0
    grace_seconds: float = 20.0
    silence_seconds: float = 1800.0
    tick_seconds: float = 0.5
    """How often the conductor looks for rounds to review and messages to relay."""

    max_body_bytes: int = 2 * 1024 * 1024
    max_audit_bytes: int = 32 * 1024 * 1024

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
            raise ValueError("it begins with postgresql:// or sqlite:///")
        return url

    @field_validator("broker")
    @classmethod
    def _check_broker(cls, url: str) -> str:
        return checked_broker(url)

    @property
    def resolved_database_url(self) -> str:
        """The database named, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve()}/paceline.db"

    @property
    def resolved_store(self) -> str:
        """The checkpoint store named, else a folder in the data folder."""
        return self.store or f"file://{self.data_dir.resolve()}/checkpoints"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then variables, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def sources() -> dict[str, str]:
    """Where each setting that is not a default comes from: the variable's name, or the file."""
    file = Path(str(Settings.model_config.get("toml_file")))
    in_file = tomllib.loads(file.read_text()) if file.is_file() else {}
    found = {name: str(file) for name in Settings.model_fields if name in in_file}
    for name in Settings.model_fields:
        variable = f"PACELINE_{name.upper()}"
        if variable in os.environ:
            found[name] = variable
    return found
