"""Third-party telemetry is off here, everywhere, unless the user's environment says otherwise."""

import os

__all__ = ["silence_third_parties"]

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
