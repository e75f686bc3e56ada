"""The embedder's weights quantised to what the processor multiplies as int8. The packaged ones are int8 on disk only.

Made once for each home, in about 3 s. Beside the packaged weights: a quarter of the memory, about half of the time.

    python -m memory.quantisation PACKAGED TARGET
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from edge.kernel.errors import StorageFailed
from memory.encoder import draw_encoder
from memory.home import storage_errors

__all__ = ["quantised"]

BLOCK = 64
"""Numbers that share one scale, of the weights and of what they are multiplied with."""


def quantised(packaged: Path, cache: Path) -> Path:
    """The quantised weights, from the cache where they are there.

    They are made in a process of their own, whose 400 MB go when it ends.

    Raises:
        StorageFailed: they cannot be made or kept.
    """
    target = cache / f"{packaged.parent.name}-{packaged.stat().st_size}-fused-blocks{BLOCK}.onnx"
    if not target.exists():
        command = [sys.executable, "-m", __name__, str(packaged), str(target)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if made.returncode:
            why = (made.stderr.strip() or f"exit code {made.returncode}").splitlines()[-1]
            raise StorageFailed(f"Cannot make the embedder's weights in {cache}: {why}.", "Free some space; try again.")
    return target


def quantise(packaged: Path, target: Path) -> None:
    """Fold the packaged weights to floats, draw them anew, then quantise the word table and every matrix to 8 bits.

    Activations are quantised row by row while they are multiplied (`accuracy_level` 4 of ONNX Runtime's MatMulNBits),
    so that a vector does not depend on the texts beside it.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            floats, table, whole = (Path(folder, name) for name in ("floats.onnx", "table.onnx", "whole.onnx"))
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
            options.optimized_model_filepath = str(floats)
            onnxruntime.InferenceSession(str(packaged), options, providers=["CPUExecutionProvider"])
            onnx.save(draw_encoder(onnx.load(floats)), floats)
            quantize_dynamic(
                floats, table, op_types_to_quantize=["Gather"], per_channel=True, weight_type=QuantType.QInt8
            )
            matrices = MatMulNBitsQuantizer(
                onnx.load(table), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4
            )
            matrices.process()
            with whole.open("wb") as file:
                file.write(cast("Any", matrices.model).model.SerializeToString())
                file.flush()
                os.fsync(file.fileno())
            whole.replace(target)


if __name__ == "__main__":
    quantise(Path(sys.argv[1]), Path(sys.argv[2]))
