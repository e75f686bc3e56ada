"""The shipped weights are those of the examples that stand beside the tools."""

from io import BytesIO
from pathlib import Path

import numpy as np

from agents.understanding.candidates import Operations
from agents.understanding.operation_classifier import OTHER_LABELS, OperationWeights
from agents.understanding.training import other_messages_text
from agents.understanding.weights import Learnt, digest_of, load_weights, read_weights, write_weights
from memory.embedding import MiniLM


def test_the_weights_were_learnt_from_the_present_examples(operations: Operations, minilm: MiniLM) -> None:
    present = digest_of(operations.talk, other_messages_text(), minilm.name)
    assert load_weights().digest == present, "the examples have changed: run `make understanding`"


def test_the_weights_know_every_tool_that_people_speak_to(operations: Operations) -> None:
    assert set(load_weights().operations.labels) == {*operations.talk, *OTHER_LABELS}


def test_other_examples_messages_or_embedders_have_another_digest(operations: Operations) -> None:
    some = dict(list(operations.talk.items())[:2])
    fewer = dict(list(some.items())[:1])
    asked = {name: said.model_copy(update={"asks": (("version",),), "confirm": True}) for name, said in some.items()}
    digest = digest_of(some, b"others", "minilm")
    assert (
        digest == digest_of(dict(reversed(some.items())), b"others", "minilm") == digest_of(asked, b"others", "minilm")
    )
    assert (
        len(
            {
                digest,
                digest_of(fewer, b"others", "minilm"),
                digest_of(some, b"", "minilm"),
                digest_of(some, b"others", "e5"),
            }
        )
        == 4
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = np.array([[1, -2], [3, 127]], dtype=np.int8)
    scale, meaning, offset = np.array([0.5, 0.25]), np.array([[0.5, 1.0]]), np.array([0.0, 1.0])
    floats = [one.astype(np.float32) for one in (scale, meaning, offset)]
    written = Learnt(
        OperationWeights(("a", "b"), {"w go": 0, "w 走": 1}, rows, *floats), {"tools.rollouts.tools": b"\x00crf"}, "d1"
    )
    write_weights(written, tmp_path / "weights.npz")
    read = read_weights(BytesIO((tmp_path / "weights.npz").read_bytes()))
    assert (read.digest, read.fields, read.operations.labels) == ("d1", written.fields, ("a", "b"))
    assert read.operations.vocabulary == written.operations.vocabulary
    for name in ("words", "scale", "meaning", "offset"):
        assert np.array_equal(getattr(read.operations, name), getattr(written.operations, name))
