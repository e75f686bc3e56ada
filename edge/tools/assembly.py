"""All tools of a device, put together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.knowledge.pack_store import PackStore, knowledge_tools
from edge.outbox import Journal
from edge.runtime.port import ChatModel
from edge.sensors.board import History, SensorBoard, sensor_tools
from edge.tools.diagnostics import KNOWN_DIAGNOSTICS, Diagnostic, diagnostic_tools
from edge.tools.evaluation import evaluation_tools
from edge.tools.health import Machine, health_tools
from edge.tools.logs import log_tools
from edge.tools.registry import Toolbox
from edge.tools.reports import report_tools
from edge.tools.tool import DeviceTool

__all__ = ["DeviceParts", "device_toolbox"]


@dataclass(frozen=True)
class DeviceParts:
    """What the tools work on. A tool whose part is not there is not there either.

    Attributes:
        policy: as `Toolbox.policy`.
        log_folders: name -> folder, the only ones that are searched.
        model: the model that runs now.
    """

    journal: Journal
    policy: Callable[[], Mapping[str, Any] | None] = lambda: None
    machine: Machine = field(default_factory=Machine)
    board: SensorBoard | None = None
    history: History | None = None
    log_folders: Mapping[str, Path] = field(default_factory=dict[str, Path])
    diagnostics: Sequence[Diagnostic] = KNOWN_DIAGNOSTICS
    pack_store: PackStore | None = None
    model: Callable[[], ChatModel | None] | None = None
    monotonic: Callable[[], float] = time.monotonic


def device_toolbox(parts: DeviceParts, more: Sequence[DeviceTool] = ()) -> Toolbox:
    """The device's tools under its policy.

    Args:
        more: tools of the device's owner.

    Raises:
        ValueError: two tools have the same name.
    """
    tools = [
        *health_tools(parts.machine),
        *report_tools(parts.journal, parts.monotonic),
        *diagnostic_tools(parts.policy, parts.diagnostics),
        *more,
    ]
    if parts.board is not None:
        tools += sensor_tools(parts.board, parts.journal, parts.history)
    if parts.log_folders:
        tools += log_tools(parts.log_folders)
    if parts.pack_store is not None:
        tools += knowledge_tools(parts.pack_store)
    if parts.model is not None:
        tools += evaluation_tools(parts.model, parts.journal)
    return Toolbox(tools, parts.journal, parts.policy, parts.monotonic)
