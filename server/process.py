"""Process set-up, before anything else is imported: third-party telemetry off, the garbage collector tuned.

With its own thresholds Python's collector looks through half a million loaded objects 0.3 s long while they are loaded,
and again each time that a quarter has come new, 0.25 s in which nobody is answered.
"""

import gc
import os

_OFF = {
    "ANONYMIZED_TELEMETRY": "False",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGSMITH_TRACING": "false",
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime: sent to Microsoft when a session is made
    "OTEL_SDK_DISABLED": "true",
    "POSTHOG_DISABLED": "1",
}


def silence_third_parties() -> None:
    """Set each package's own switch; an entry point calls this before anything else is imported."""
    for name, value in _OFF.items():
        os.environ.setdefault(name, value)


def collect_rarely() -> None:
    """Look through new objects by 10,000, not by 700; an entry point calls this before anything else is imported."""
    gc.set_threshold(10_000, 20, 10)


def keep_loaded() -> None:
    """Never look again through what is there now; for a process that goes on for long, once it is ready."""
    gc.freeze()
