"""What a gateway installs: one wheel with what it needs, and none of the hub."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bench.edge_footprint.server import instant_ollama
from tests.edge.test_cli import ROOT, SETTINGS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

MOST_INSTALLED_MB = 90
FORBIDDEN = "langgraph langchain langchain_core crewai chromadb torch transformers fastapi sqlalchemy numpy".split()
MOST_IN_IMAGE_MB = 60
IMAGE = ROOT / "deploy" / "edge" / "Containerfile"
STEP = ROOT / "tests" / "bench" / "edge_footprint" / "step_chargehand.py"
UNIT = ROOT / "deploy" / "edge" / "chargehand-edge.service"


def find_uv() -> str:
    found = shutil.which("uv") or shutil.which(ROOT / ".uv" / "bin" / "uv")
    return found or pytest.skip("uv is not installed: the wheel is not built")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [find_uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT / "deploy" / "edge")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        pytest.skip(f"the wheel cannot be built here: {built.stderr.strip().splitlines()[-1]}")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def gateway(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("gateway") / "venv"
    uv = find_uv()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    command = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"its requirements cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return folder


def test_the_wheel_holds_the_device_side_alone(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("chargehand_edge-")} == {"edge"}
    assert not [name for name in names if "__pycache__" in name]
    assert {"edge/agent/phrasings.toml", "edge/cli/__init__.py"} <= set(names)


@pytest.mark.long
def test_it_is_small(gateway: Path) -> None:
    (packages,) = gateway.glob("lib/python*/site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert size <= MOST_INSTALLED_MB * 1e6
    assert not [name for name in FORBIDDEN if (packages / name).exists()]


@pytest.mark.long
def test_a_bare_gateway_answers(gateway: Path, tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(SETTINGS, encoding="utf-8")
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "CHARGEHAND_EDGE_HOME": str(tmp_path)}
    command = [str(gateway / "bin" / "chargehand-edge"), "ask", "How hot is the air inlet?", "--json"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rung"] == "fast"


@pytest.mark.long
def test_everything_of_it_can_be_imported_without_the_hub(gateway: Path) -> None:
    code = (
        "import pkgutil, importlib, sys, json, edge\n"
        "for module in pkgutil.walk_packages(edge.__path__, 'edge.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([str(gateway / "bin" / "python"), "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not set(json.loads(done.stdout)) & set(FORBIDDEN)


@pytest.mark.long
def test_what_the_image_takes_out_is_not_needed(wheel: Path, tmp_path: Path) -> None:
    text = IMAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    (names,) = re.findall(r"pip uninstall --yes (huggingface_hub [^&]*)", text)
    python = tmp_path / "venv" / "bin" / "python"
    uv = find_uv()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv")], check=True)
    command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"its requirements cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    subprocess.run([uv, "pip", "uninstall", "--quiet", "--python", str(python), *names.split()], check=True)
    size = sum(path.stat().st_size for path in (tmp_path / "venv" / "lib").rglob("*") if path.is_file())
    assert size <= MOST_IN_IMAGE_MB * 1e6  # compiled, as it is there
    with instant_ollama() as url:
        said = subprocess.run([str(python), str(STEP), url], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "step" in said.stdout


def test_systemd_knows_every_word_of_the_unit() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert "Unknown key" not in told
    assert "Overall exposure level" in told
    assert float(told.split(".service:")[-1].split()[0]) <= 2.0
