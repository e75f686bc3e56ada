"""One answer by plain smolagents on Ollama, the lighter of its two ways (the other is LiteLLM). Argument: base URL."""

import sys
import time
from pathlib import Path

started = time.perf_counter()

from smolagents import LogLevel, OpenAIModel, ToolCallingAgent, tool  # noqa: E402


@tool
def sensor_read(sensor: str) -> str:
    """Read a temperature.

    Args:
        sensor: name of the sensor
    """
    print("step", round(time.perf_counter() - started, 3), flush=True)
    return "41 C"


model = OpenAIModel("instant", api_base=f"{sys.argv[1]}/v1", api_key="none")
ToolCallingAgent([sensor_read], model, verbosity_level=LogLevel.OFF, max_steps=3).run("How hot is the inlet?")
status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
print("resident", next(line.split()[1] for line in status if line.startswith("VmRSS")))
