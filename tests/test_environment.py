"""What is installed: nothing of ours needs what the overrides leave out, and nothing is under the GPL."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.licences import is_copyleft, licence_of, main

ROOT = Path(__file__).parents[1]
MODULES = {
    "cel-python": "celpy",
    "crewai-cli": "crewai_cli",
    "hf-xet": "hf_xet",
    "instructor": "instructor",
    "kubernetes": "kubernetes",
    "lancedb": "lancedb",
    "pdfplumber": "pdfplumber",
}
"""What each package that is left out is imported as."""

_WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

MISSING = set(sys.argv[1].split())
sys.meta_path.insert(0, Without())
from server.process import silence_third_parties
silence_third_parties()
"""

_CREW = """
from crewai import Agent, Crew, LLM, Task
from crewai.flow.flow import Flow, start
from crewai.llms.base_llm import BaseLLM

class Scripted(BaseLLM):
    def call(self, messages, *rest, **more):
        return "Thought: I know.\\nFinal Answer: 42"

llm = Scripted(model="scripted")
agent = Agent(role="clerk", goal="answer", backstory="knows", llm=llm)
task = Task(description="answer", expected_output="a number", agent=agent)

class Asked(Flow):
    _skip_auto_memory = True

    @start()
    def ask(self):
        return str(Crew(agents=[agent], tasks=[task]).kickoff())

print(Asked().kickoff())
"""

_CHROMA = """
import chromadb
client = chromadb.PersistentClient(sys.argv[2], chromadb.Settings(anonymized_telemetry=False))
made = client.create_collection("passages")
made.add(ids=["a", "b"], embeddings=[[1.0, 0.0], [0.0, 1.0]], documents=["heat", "lift"])
print(made.query(query_embeddings=[[0.9, 0.1]], n_results=1)["ids"][0][0])
"""

_BOM = """
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
whole = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "externalReferences": [{"type": "website", "url": "%s"}]}'
validator = JsonStrictValidator(SchemaVersion.V1_6)
print([validator.validate_str(whole % url) is None for url in ("https://a.example/b", "no url: <>")])
"""

_EMBEDDER = """
import onnxruntime.quantization.matmul_nbits_quantizer, huggingface_hub, langsmith, tokenizers
print("imported")
"""


def run_without(missing: set[str], code: str, *arguments: str | Path) -> str:
    """What a process prints that cannot import these modules."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT + code, " ".join(missing), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_modules_of_all_that_is_left_out_are_known() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    overrides = settings["tool"]["uv"]["override-dependencies"]
    assert {one.partition(";")[0] for one in overrides if "'never'" in one} == set(MODULES)


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "said"),
    [(_CREW, "42"), (_CHROMA, "a"), (_BOM, "[True, False]"), (_EMBEDDER, "imported")],
    ids=["crewai", "chromadb", "cyclonedx", "onnxruntime"],
)
def test_what_is_left_out_is_not_needed(code: str, said: str, tmp_path: Path) -> None:
    missing = {*MODULES.values(), "PIL", "pdfminer", "pyarrow", "rfc3987", "textual", "uv"}
    assert run_without(missing, code, tmp_path) == said


def test_no_locked_package_is_under_the_gpl(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert re.match(r"\d+ packages, 0 under", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("GNU General Public License v3 or later (GPLv3+)", True),
        ("GNU Affero General Public License v3", True),
        ("MIT AND GPL-2.0-only", True),
        ("MIT OR GPL-2.0-only", False),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("Apache-2.0", False),
    ],
)
def test_what_counts_as_copyleft(licence: str, copyleft: bool) -> None:
    assert is_copyleft(licence) is copyleft


def test_a_licence_is_read_from_what_is_installed() -> None:
    assert licence_of(importlib.metadata.distribution("psycopg")).startswith("LGPL-3.0")
    assert "MIT" in licence_of(importlib.metadata.distribution("pydantic"))
