"""Every setting of the hub, read once from the environment by the entry point and passed down.

Each field is `CHARGEHAND_<NAME>` in the environment or in a `.env` file of the working folder.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.kernel.errors import InvalidInput


class Settings(BaseSettings):
    """Where things are, which models to use and how long anything may take."""

    model_config = SettingsConfigDict(
        env_prefix="CHARGEHAND_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".chargehand")
    """Folder of everything that this installation keeps."""

    cache: Path = Field(default_factory=lambda: Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "chargehand")
    """Folder of trained and quantised weights for all homes; where it cannot be written to, each home keeps its own."""

    ledger_url: SecretStr | None = None
    """Keeps the ledger on PostgreSQL, `postgresql://USER:PASSWORD@HOST/DATABASE`, not in a file of `home`."""

    artifacts: SecretStr | None = None
    """Keeps the files of models at an address that fsspec opens, such as `s3://BUCKET/FOLDER`, not under `home`."""

    api_key: SecretStr | None = None
    """Whose key the command line calls with; without one it is the person at this machine."""

    model: str = "auto"
    """Chat model as `provider:name`; `auto` takes Ollama's largest under 4B parameters, else `local:smollm2-135m`."""

    model_capable: bool | None = None
    """Whether the chat model counts as capable, whatever its size; by default its size decides."""

    crew_models: str = ""
    """Models beside the chat model, `provider:name` with commas between: crews share their load over all of them, and
    one stands in where another fails."""

    draft_with: Literal["capable", "any", "none"] = "capable"
    """Which models may draft an answer: `capable` (1B parameters and more), `any`, or `none` (quotes only)."""

    ollama_url: str = Field(
        "http://127.0.0.1:11434", validation_alias=AliasChoices("CHARGEHAND_OLLAMA_URL", "OLLAMA_HOST")
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1", validation_alias=AliasChoices("CHARGEHAND_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("CHARGEHAND_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    github_base_url: str = "https://models.github.ai/inference"
    github_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("CHARGEHAND_GITHUB_TOKEN", "GITHUB_MODELS_TOKEN", "GITHUB_TOKEN")
    )
    github_organisation: str | None = Field(
        None, validation_alias=AliasChoices("CHARGEHAND_GITHUB_ORGANISATION", "GITHUB_MODELS_ORG")
    )

    message_limit_bytes: int = Field(64 * 1024, ge=1)
    """Longest accepted chat message, UTF-8 bytes."""

    document_limit_bytes: int = Field(64 * 1024 * 1024, ge=1)
    """Largest file that `ingest` reads."""

    turn_limit_s: float = Field(300.0, gt=0)
    """Longest time one chat turn may take, seconds."""

    recursion_limit: int = Field(24, ge=8)
    """Most graph steps in one chat turn."""

    device_sync_s: float = Field(60.0, ge=1, le=86_400)
    """How often devices that have nothing to tell come back; less often in a large fleet."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)

    allowed_hosts: str = ""
    """Names, with commas between, by which other machines reach a hub that listens to them; no ports."""

    @property
    def allowed_names(self) -> frozenset[str]:
        """`allowed_hosts`, each in lower case."""
        return frozenset(name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def crew_model_names(self) -> tuple[str, ...]:
        """`crew_models`, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.crew_models.split(",") if name.strip()))

    @property
    def ledger_address(self) -> str | None:
        """`ledger_url` with its password in clear."""
        return self.ledger_url.get_secret_value() if self.ledger_url is not None else None

    @property
    def artifacts_address(self) -> str | None:
        """`artifacts` with its password in clear; None where it is not set, or empty."""
        return self.artifacts.get_secret_value() or None if self.artifacts is not None else None


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` win where they are not None.

    Raises:
        InvalidInput: a value does not fit; the message names the variable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        if name.lower() in Settings.model_fields:
            name = f"CHARGEHAND_{name}"
        raise InvalidInput(
            f"Setting {name} is not valid: {first['msg'][:1].lower()}{first['msg'][1:]}.",
            "Correct it in the environment or in .env.",
        ) from error
