"""A device with the usual tools, whose world is what a test says it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.agent.assistant import Assistant
from edge.agent.entity_linking import Names
from edge.agent.model_steps import QuestionLimits
from edge.kernel.errors import NotFound
from edge.runtime.port import ChatModel
from edge.tools.registry import Toolbox
from edge.tools.tool import DeviceTool, device_tool
from tests.fakes.device_journals import MemoryJournal

__all__ = ["NAMES", "TOOL_NAMES", "Device"]

NAMES = Names(
    sensors={
        "oil_temperature": ("T-101",),
        "coolant_temperature": (),
        "cabinet_temperature": (),
        "spindle_vibration": (),
        "hydraulic_pressure": ("液压",),
        "ambient_humidity": (),
        "motor_current": (),
        "pump2_flow": ("pump 2 flow",),
    },
    diagnostics={
        "disk_usage": ("space on all disks", "disk check"),
        "failed_services": ("services that failed",),
        "network_ping": ("ping", "network test", "网络"),
        "kernel_messages": ("warnings and errors of the kernel",),
        "memory_usage": ("memory and swap",),
    },
)


@dataclass
class Device:
    """What its tools give, and what was done with it.

    Attributes:
        values: of sensors.
        log: lines.
        done: (tool, arguments) of each write.
    """

    values: dict[str, float] = field(
        default_factory=lambda: {name: 20.5 + place for place, name in enumerate(NAMES.sensors)}
    )
    log: Sequence[str] = ("2026-11-20 12:00:01 sync: ERROR connection reset by hub",)
    documents: Sequence[str] = ("Replace the hydraulic filter every 500 hours.",)
    policy: Mapping[str, Any] | None = None
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def toolbox(self) -> Toolbox:
        return Toolbox(self.tools(), self.journal, policy=lambda: self.policy or {"tools": TOOL_NAMES})

    def assistant(self, *models: ChatModel, limits: QuestionLimits | None = None, **more: Any) -> Assistant:
        return Assistant(self.toolbox, models, self.journal, limits, names=lambda: NAMES, **more)

    def _reading(self, name: str) -> dict[str, Any]:
        if name not in self.values:
            raise NotFound(f"This device has no sensor {name!r}.", f"It has: {', '.join(self.values)}.")
        unit = "°C" if "temperature" in name else "bar" if "pressure" in name else "%" if "humidity" in name else "A"
        return {"sensor": name, "unit": unit, "value": self.values[name], "state": "good", "problem": ""}

    def tools(self) -> list[DeviceTool]:  # noqa: C901  # one function a tool
        def system_health() -> dict[str, Any]:
            """Tell how this device is: processor, memory, disk, temperature, uptime, and what is wrong with them."""
            return {
                "problems": [],
                "cpu": {"cores": 4, "busy_percent": 12.5, "load_1m": 0.4, "load_5m": 0.3, "load_15m": 0.2},
                "memory": {"total_mb": 3900, "available_mb": 2100, "used_percent": 46.2},
                "disk": {"total_mb": 29000, "free_mb": 11000, "used_percent": 62.1},
                "temperature": {"celsius": 51.5, "zones": []},
                "uptime_s": 93784.2,
            }

        def sensor_list() -> dict[str, Any]:
            """List the sensors of this device with unit, limits and alarms."""
            return {"sensors": [{"name": name, "unit": self._reading(name)["unit"]} for name in self.values]}

        def sensor_read(sensor: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]) -> dict[str, Any]:
            """Read a sensor now. The state says whether the value is good, low, high or implausible."""
            return self._reading(sensor)

        def sensor_history(
            sensor: str, limit: Annotated[int, Field(ge=1, le=200)] = 20, minutes: int | None = None
        ) -> dict[str, Any]:
            """Give the last kept readings of a sensor, newest first, with their least, mean and greatest value."""
            value = self._reading(sensor)["value"]
            samples = [
                {"at": f"2026-11-20T12:0{n}:00", "value": value - n, "state": "good"} for n in range(min(limit, 5))
            ]
            summary = {"count": len(samples), "minimum": value - 4, "mean": value - 2, "maximum": value}
            return {"sensor": sensor, "summary": summary, "samples": samples}

        def sensor_sample(sensors: list[str] = []) -> dict[str, Any]:  # noqa: B006
            """Read sensors (all, when none is named), keep the readings and report them to the hub."""
            self.done.append(("sensor_sample", {"sensors": sensors}))
            return {"readings": [self._reading(name) for name in sensors or self.values]}

        def log_search(
            text: Annotated[str, Field(max_length=200)] = "",
            level: Literal["warning", "error"] | None = None,
            limit: Annotated[int, Field(ge=1, le=50)] = 10,
        ) -> dict[str, Any]:
            """Find lines of the device's logs that hold all words of a text, newest first; level asks for errors alone."""
            levels = {"error": ("error",), "warning": ("warning", "error")}.get(level or "", ("",))
            lines = [line for line in self.log if all(word in line.casefold() for word in text.casefold().split())]
            lines = [line for line in lines if any(one in line.casefold() for one in levels)]
            rows = [{"folder": "system", "file": "syslog", "text": line} for line in lines[:limit]]
            return {"lines": rows, "files_searched": 1, "complete": True}

        def knowledge_search(query: str, limit: Annotated[int, Field(ge=1, le=10)] = 3) -> dict[str, Any]:
            """Search the documents that the hub has put onto this device; gives passages with their source."""
            found = [text for text in self.documents if set(query.lower().split()) & set(text.lower().split())]
            where = {"document": "manual.pdf", "title": "Manual", "heading": "Care", "start": 0, "pack": "manuals"}
            return {"passages": [{"text": text, **where, "end": len(text), "score": 1.0} for text in found[:limit]]}

        def diagnostic_run(name: str) -> dict[str, Any]:
            """Run one of the device's diagnostics by its name and give what it says."""
            if name not in NAMES.diagnostics:
                raise NotFound(f"There is no diagnostic {name!r}.")
            self.done.append(("diagnostic_run", {"name": name}))
            return {"diagnostic": name, "exit_status": 0, "output": "all well", "cut": False, "elapsed_s": 0.1}

        def note_take(text: str, about: str = "") -> dict[str, Any]:
            """Write down a note; it reaches the hub with the next exchange."""
            self.done.append(("note_take", {"text": text, "about": about}))
            return {"noted": self.journal.record("note", {"text": text})}

        def alert_raise(
            message: str, severity: Literal["info", "warning", "critical"] = "warning", subject: str = ""
        ) -> dict[str, Any]:
            """Raise an alert for the people at the hub; the subject is the sensor or part that it is about."""
            self.done.append(("alert_raise", {"message": message, "severity": severity, "subject": subject}))
            return {"alert": self.journal.record("alert", {"message": message}), "raised_before": False}

        def evaluation_run(limit: Annotated[int, Field(ge=1, le=100)] = 100) -> dict[str, Any]:
            """Measure the device's model: accuracy on a small set, tokens per second, time to the first token, memory."""
            self.done.append(("evaluation_run", {"limit": limit}))
            return {"model": "scripted", "items": 8, "accuracy": 0.5}

        reads = (system_health, sensor_list, sensor_read, sensor_history)
        quotes = (log_search, knowledge_search)
        writes = (sensor_sample, diagnostic_run, note_take, alert_raise, evaluation_run)
        return [
            *(device_tool(function) for function in reads),
            *(device_tool(function, quotes=True) for function in quotes),
            *(device_tool(function, effect="write") for function in writes),
        ]


TOOL_NAMES = sorted(tool.name for tool in Device().tools())
