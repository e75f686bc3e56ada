import json
import os
import subprocess
import sys
from pathlib import Path

ASK = """
import json, os
from server.process import silence_third_parties
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


LOADED = """
import gc
from server.process import collect_rarely, keep_loaded
collect_rarely()
kept = [{} for _ in range(1000)]
keep_loaded()
ring = []
ring.append(ring)
del ring
print(gc.get_threshold()[0], gc.get_freeze_count() > len(kept), gc.isenabled(), gc.collect() > 0)
"""


def test_what_is_loaded_is_left_alone_and_what_comes_after_is_collected() -> None:
    """In a process of its own: what is frozen stays so."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10000", "True", "True", "True"]
