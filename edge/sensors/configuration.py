"""The sensors of this device, as its owner describes them in `device.toml`; see `edge.settings`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SensorName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Simulated(_Frozen):
    """A wave with noise, the same for the same seed and second.

    Attributes:
        fault: what happens from `fault_from_s` seconds after the start on: it does not answer, gives the same value
            for ever, or one far beyond its range.
    """

    driver: Literal["simulator"] = "simulator"
    base: _Finite = 20.0
    swing: _Finite = 5.0
    period_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3600.0
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.2
    seed: int = 0
    fault: Literal["none", "dead", "stuck", "wild"] = "none"
    fault_from_s: Annotated[float, Field(ge=0)] = 0.0


class FromFile(_Frozen):
    """A number in a file.

    Attributes:
        field: where the number is in a JSON file: names and list positions with dots between; None for a file that
            holds a number alone.
        scale, offset: value = number * scale + offset.
        stale_after_s: a file that was not written for so long counts as dead; None for files whose time means nothing.
    """

    driver: Literal["file"] = "file"
    path: Annotated[Path, Field(strict=False)]
    field: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    scale: _Finite = 1.0
    offset: _Finite = 0.0
    stale_after_s: Annotated[float, Field(gt=0)] | None = None


class FromModbus(_Frozen):
    """One value in registers of a Modbus-TCP unit.

    Attributes:
        address: of the first register, 0-based, as it goes over the wire.
        words: which of two registers comes first in values of 32 bits.
    """

    driver: Literal["modbus"] = "modbus"
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    table: Literal["input", "holding"] = "input"
    address: Annotated[int, Field(ge=0, le=65535)]
    type: Literal["int16", "uint16", "int32", "uint32", "float32"] = "uint16"
    words: Literal["high_first", "low_first"] = "high_first"
    scale: _Finite = 1.0
    offset: _Finite = 0.0
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.0


class _WithUser(_Frozen):
    """A peer that may want to know who reads; the password stands in a file, not in `device.toml`."""

    user: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password_file: Annotated[Path, Field(strict=False)] | None = None
    scale: _Finite = 1.0
    offset: _Finite = 0.0
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 3.0


class FromMqtt(_WithUser):
    """The last message of a topic: a number alone, or one in JSON; needs the extra `mqtt`.

    Attributes:
        topic: one, without wildcards.
        field: as of `FromFile`.
        stale_after_s: a topic that said nothing for so long counts as dead; None for one that seldom speaks.
        authorities: certificates (PEM file) that the broker's must come from; None for those of the system.
    """

    driver: Literal["mqtt"] = "mqtt"
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    topic: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^#+\x00]+$")]
    field: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    stale_after_s: Annotated[float, Field(gt=0)] | None = None
    tls: bool = False
    authorities: Annotated[Path, Field(strict=False)] | None = None


class FromOpcUa(_WithUser):
    """The value of a node of an OPC UA server; needs the extra `opcua`.

    Attributes:
        node: its id, such as "ns=2;s=Press.Temperature".
    """

    driver: Literal["opcua"] = "opcua"
    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^\s]{1,500}$")]
    node: Annotated[str, Field(min_length=3, max_length=500)]


Source = Annotated[Simulated | FromFile | FromModbus | FromMqtt | FromOpcUa, Field(discriminator="driver")]


class Sensor(_Frozen):
    """One sensor.

    Attributes:
        aliases: what people call it, in any language.
        minimum, maximum: what it can measure; a value beyond is not believed.
        alarm_below, alarm_above: what its owner calls too little and too much.
    """

    name: SensorName
    unit: Annotated[str, Field(max_length=16)] = ""
    description: Annotated[str, Field(max_length=200)] = ""
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = ()
    minimum: _Finite = -1e12
    maximum: _Finite = 1e12
    alarm_below: _Finite | None = None
    alarm_above: _Finite | None = None
    source: Source

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError("minimum must be less than maximum")
        return self
