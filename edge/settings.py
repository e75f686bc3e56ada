"""How this device is set up: `device.toml` in its home, read once by the entry point and passed down.

[models]
ollama = "http://127.0.0.1:11434"
small = "/var/lib/models/smollm2-135m.gguf"     # until the hub says what to run
larger = "qwen2.5:3b"                           # a model of Ollama's, for what the small one cannot do
budget_mb = 6000
small_answers_people = false                    # models too small for it answer jobs alone

[logs]                                          # folders that may be searched
system = "/var/log"

[[sensors]]
name = "inlet"
unit = "°C"
aliases = ["air inlet", "进风口"]
alarm_above = 45
source = { driver = "file", path = "/sys/class/thermal/thermal_zone0/temp", scale = 0.001 }

[[diagnostics]]                                 # besides those that every device knows
name = "gateway_ping"
description = "whether the plant's router answers"
argv = ["ping", "-c", "3", "192.0.2.1"]

[page]                                          # a page to ask, with status and alarms
port = 8791
lan = false                                     # true: for others, too, with the code that `status` shows

[outbox]                                        # bytes that may wait for the hub, by class of event
audit_mb = 64
record_mb = 64
telemetry_mb = 16
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.kernel.errors import InvalidInput, format_validation_error
from edge.sensors.configuration import Sensor

HOME_VARIABLE = "CHARGEHAND_EDGE_HOME"
_FILE = "device.toml"

SMALL_BELOW_MB = 600
"""A model whose files take less has fewer than about a billion parameters. Such a model makes answers to people worse
than known commands, documents and the hub do without it, so it is asked for them only where the settings say so."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(_Frozen):
    """Which models there are before the hub says anything, and how much room they may take.

    Attributes:
        small, larger: the path of a GGUF file, or the name of a model of Ollama's; None for none.
        budget_mb: disk for models, MiB.
        small_answers_people: whether models of less than `SMALL_BELOW_MB` answer people and the hub's questions, too.
        runtime: "any" takes Ollama where its server answers, else llama.cpp.
    """

    ollama: str = "http://127.0.0.1:11434"
    small: str | None = None
    larger: str | None = None
    runtime: Literal["any", "ollama", "llama"] = "any"
    budget_mb: Annotated[int, Field(ge=1)] = 8192
    small_answers_people: bool = False


class OutboxSettings(_Frozen):
    """Room for events that the hub has not taken, MiB by class."""

    audit_mb: Annotated[float, Field(gt=0)] = 64
    record_mb: Annotated[float, Field(gt=0)] = 64
    telemetry_mb: Annotated[float, Field(gt=0)] = 16


class PageSettings(_Frozen):
    """The device's own page: on loopback, or for all of the LAN who have the code."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8791
    lan: bool = False


class DiagnosticSettings(_Frozen):
    """A command of this device's; see `edge.tools.diagnostics.Diagnostic`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
    description: Annotated[str, Field(min_length=1, max_length=200)]
    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class EdgeSettings(_Frozen):
    """All of it.

    Attributes:
        home: folder of everything that the device keeps.
        page: None for no page.
        telemetry_every_s: how often health and sensors are written down.
        longest_wait_s: between two tries to reach a hub that is away.
    """

    home: Path
    models: ModelSettings = ModelSettings()
    logs: dict[str, Path] = {}
    sensors: tuple[Sensor, ...] = ()
    diagnostics: tuple[DiagnosticSettings, ...] = ()
    outbox: OutboxSettings = OutboxSettings()
    page: PageSettings | None = None
    telemetry_every_s: Annotated[float, Field(ge=1)] = 60.0
    longest_wait_s: Annotated[float, Field(ge=1, le=86_400)] = 300.0

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [sensor.name for sensor in self.sensors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"there are two sensors of the name {twice[0]}")
        return self


def load_settings(home: Path | None = None) -> EdgeSettings:
    """The settings of a home; without one it is `CHARGEHAND_EDGE_HOME`, else `~/.chargehand-edge`.

    Raises:
        InvalidInput: `device.toml` cannot be read, or a value does not fit; the message names it.
    """
    root = home or Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".chargehand-edge")
    path = root / _FILE
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return EdgeSettings.model_validate(given | {"home": root})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", "Correct it.") from error
    except ValidationError as error:
        raise InvalidInput(f"{path}: {format_validation_error(error)}.", "Correct it.") from error
