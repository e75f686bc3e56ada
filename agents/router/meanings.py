"""The kernel of meanings: how much a message pulls to each score by being like the training messages.

The product with all training messages is the largest part of a message's scores. It is made in int8: 3 MB that stay in
the processor's cache instead of 12 MB that do not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MeaningPull", "draw_pull", "pull_of"]

Floats = NDArray[np.float32]

WEIGHT = 2.0
"""Weight of the kernel of meanings beside 1.0 for that of n-grams; by cross-validation, as the next."""

SHARPNESS = 2.0
"""How fast the kernel of meanings falls: WEIGHT * exp(SHARPNESS * (cosine - 1))."""

BLOCK = 64
"""Numbers that share one scale."""


def pull_of(cosines: Floats) -> Floats:
    """The kernel of meanings."""
    return (WEIGHT * np.exp(SHARPNESS * (cosines - 1.0))).astype(np.float32, copy=False)


def draw_pull(examples: Floats, duals: Floats) -> bytes:
    """`pull_of(meaning @ examples.T) @ duals` as an ONNX graph, with the examples in int8.

    Args:
        examples: unit embeddings, shape (n, dimensions), dimensions a multiple of BLOCK.
        duals: shape (n, scores).
    """
    from onnx import helper, numpy_helper

    count, dimensions = examples.shape
    blocks = examples.reshape(count, dimensions // BLOCK, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2), 1e-9) / 127
    steps = np.rint(blocks / scales[:, :, None]).astype(np.int16) + 128  # 128 stands for 0
    kept: dict[str, NDArray[Any]] = {
        "examples": steps.astype(np.uint8),
        "scales": (SHARPNESS * scales).astype(np.float32).ravel(),
        "duals": (WEIGHT * np.exp(-SHARPNESS) * duals).astype(np.float32),
    }
    product: dict[str, Any] = {"K": dimensions, "N": count, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
    nodes = [
        helper.make_node("MatMulNBits", ["meaning", "examples", "scales"], ["near"], domain="com.microsoft", **product),
        helper.make_node("Exp", ["near"], ["pull"]),
        helper.make_node("MatMul", ["pull", "duals"], ["scores"]),
    ]
    inputs = [helper.make_tensor_value_info("meaning", 1, ["messages", dimensions])]
    outputs = [helper.make_tensor_value_info("scores", 1, ["messages", duals.shape[1]])]
    weights = [numpy_helper.from_array(array, name) for name, array in kept.items()]
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph(nodes, "meanings", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=domains, ir_version=8).SerializeToString()


class MeaningPull:
    """Scores of a meaning by a graph of `draw_pull`. Safe to use from several threads.

    Attributes:
        graph: as `draw_pull` gave it.
    """

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.graph = graph
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def __call__(self, meaning: Floats) -> Floats:
        """Shape (scores,), of a unit embedding of shape (dimensions,)."""
        return np.asarray(self._session.run(None, {"meaning": meaning[None]})[0], dtype=np.float32)[0]
