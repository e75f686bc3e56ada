import json
import os
import subprocess
import sys
from pathlib import Path

ASK = """
import json, os
from memory.telemetry import silence_third_parties
silence_third_parties()
print(json.dumps(dict(os.environ)))
"""


def environment_after(**given: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    command = [sys.executable, "-c", ASK]
    answer = subprocess.run(
        command, env=inherited | given, cwd=Path(__file__).parents[2], capture_output=True, check=True, timeout=60
    )
    return json.loads(answer.stdout)


def test_every_package_that_phones_home_is_told_not_to() -> None:
    told = environment_after()
    assert told["ANONYMIZED_TELEMETRY"] == "False"
    assert told["CREWAI_DISABLE_TELEMETRY"] == "true"
    assert told["OTEL_SDK_DISABLED"] == "true"
    assert told["LANGSMITH_TRACING"] == "false"
    assert told["LANGCHAIN_TRACING_V2"] == "false"
    assert told["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_who_wants_tracing_keeps_it() -> None:
    assert environment_after(LANGSMITH_TRACING="true")["LANGSMITH_TRACING"] == "true"
