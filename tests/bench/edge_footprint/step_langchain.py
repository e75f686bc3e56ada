"""One answer by LangChain's agent on langchain-ollama, as its documentation says. Argument: base URL."""

import sys
import time
from pathlib import Path

started = time.perf_counter()

from langchain.agents import create_agent  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_ollama import ChatOllama  # noqa: E402


@tool
def sensor_read(sensor: str) -> str:
    """Read a temperature."""
    print("step", round(time.perf_counter() - started, 3), flush=True)
    return "41 C"


model = ChatOllama(model="instant", base_url=sys.argv[1], num_ctx=8192)
agent = create_agent(model, [sensor_read])
agent.invoke({"messages": [{"role": "user", "content": "How hot is the inlet?"}]})
status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
print("resident", next(line.split()[1] for line in status if line.startswith("VmRSS")))
