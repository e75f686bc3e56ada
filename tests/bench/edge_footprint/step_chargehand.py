"""One answer by the device's assistant on Ollama, beside the MCP client that syncs. Argument: base URL."""

import sys
import time
from pathlib import Path

started = time.perf_counter()

from typing import Any  # noqa: E402

from edge.agent.assistant import Assistant  # noqa: E402
from edge.agent.entity_linking import Names  # noqa: E402
from edge.runtime.ollama import OllamaRuntime  # noqa: E402
from edge.sync.transport import mcp_client  # noqa: E402
from edge.tools.registry import Toolbox  # noqa: E402
from edge.tools.tool import device_tool  # noqa: E402


class Silent:
    """A journal that keeps nothing: what is measured is the agent."""

    def record(self, kind: str, body: Any) -> int:
        return 1


def sensor_read(sensor: str) -> dict[str, str]:
    """Read a sensor now."""
    print("step", round(time.perf_counter() - started, 3), flush=True)
    return {"value": "41 C"}


toolbox = Toolbox([device_tool(sensor_read)], Silent())
runtime = OllamaRuntime(sys.argv[1])
assistant = Assistant(toolbox, [runtime.chat_model("instant")], Silent(), names=lambda: Names(sensors={"inlet": ()}))
answer = assistant.ask("I wonder whether the inlet sensor is not a bit high today, is it?", by="person:bench")
if answer.tier != "small":
    raise SystemExit(f"no model was asked: {answer}")
mcp_client()  # the agent on a device has the client for its hub in the same process

status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
print("resident", next(line.split()[1] for line in status if line.startswith("VmRSS")))
