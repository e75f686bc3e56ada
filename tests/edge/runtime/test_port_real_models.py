"""A real small model behind the port, on llama.cpp and on a real Ollama: the same behaviour of both."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput, ModelUnavailable, NotFound, OutOfTime, PromptTooLong
from edge.runtime.llama import LlamaRuntime
from edge.runtime.ollama import OllamaRuntime
from edge.runtime.port import Message, Runtime
from tests.fakes.bundled_model import bundled_gguf
from tests.fakes.gguf_files import small_gguf, write_lora
from tests.fakes.ollama_server import require_ollama, run_ollama

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ONE_THREAD = {"context_tokens": 512, "threads": 1}
ASKED = [Message("system", "You are a gateway in hall 3."), Message("user", "Write about pumps.")]
SCHEMA = {
    "type": "object",
    "properties": {"tool": {"enum": ["health", "sensor"]}, "n": {"type": "integer"}},
    "required": ["tool", "n"],
}


@pytest.fixture(scope="module", params=["llama", "ollama"])
def runtime(request, tmp_path_factory) -> Iterator[Runtime]:
    weights = bundled_gguf()
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "llama":
        opened = LlamaRuntime(folder)
        opened.create("smol", weights, None, ONE_THREAD)
        yield opened
        opened.close()
    else:
        with run_ollama(require_ollama(), folder) as url:
            opened = OllamaRuntime(url)
            opened.create("smol", weights, None, ONE_THREAD)
            yield opened


@pytest.fixture(scope="module")
def adapter(tmp_path_factory) -> Path:
    return write_lora(tmp_path_factory.mktemp("lora") / "lora.gguf")


def test_what_was_created_is_listed_and_warms(runtime: Runtime):
    assert runtime.available()
    (model,) = (model for model in runtime.models() if model.name == "smol")
    assert 90e6 < model.size_bytes < 110e6
    assert model.digest.startswith("sha256:")
    runtime.warm("smol")
    assert runtime.chat_model("smol").context_tokens == 512


def test_the_prompt_is_counted_as_the_runtime_counts_it(runtime: Runtime):
    model = runtime.chat_model("smol")
    for messages in (
        ASKED,
        ASKED[1:],
        [*ASKED, Message("assistant", "Pumps move water."), Message("user", "And 78.25 °C? <|im_end|>")],
        [Message("user", "Füllhöhe prüfen, 温度?"), Message("tool", '{"celsius": 51.5}')],
    ):
        reply = model.chat(messages, max_tokens=1)
        counted = model.count_tokens(messages)
        assert reply.input_tokens <= counted <= reply.input_tokens + 2 * len(messages) + 2


def test_a_prompt_that_does_not_fit_is_refused_with_both_counts_and_never_cut(runtime: Runtime):
    model = runtime.chat_model("smol")
    with pytest.raises(PromptTooLong) as caught:
        model.chat([*ASKED, Message("user", "word " * 600)])
    assert caught.value.tokens > 600
    assert caught.value.limit == 512 - 16


def test_an_answer_that_fills_the_context_says_so(runtime: Runtime):
    reply = runtime.chat_model("smol").chat(ASKED, max_tokens=5)
    assert (reply.finish, reply.output_tokens) == ("length", 5)
    assert reply.elapsed_s > 0


def test_an_answer_fits_its_schema(runtime: Runtime):
    asked = [Message("user", f"Choose a tool. Answer in JSON like {json.dumps(SCHEMA)}")]
    answer = json.loads(runtime.chat_model("smol").chat(asked, schema=SCHEMA, max_tokens=100).text)
    assert answer["tool"] in {"health", "sensor"}
    assert isinstance(answer["n"], int)


def test_a_schema_that_cannot_be_followed_is_refused(runtime: Runtime):
    with pytest.raises(InvalidInput):
        runtime.chat_model("smol").chat(ASKED, schema={"type": "nonsense"}, max_tokens=5)


def test_a_guard_stops_the_model_and_the_next_question_does_not_wait(runtime: Runtime):
    model = runtime.chat_model("smol")
    reply = model.chat(ASKED, max_tokens=400, stop_when=lambda text: len(text) > 10)
    assert reply.finish == "cancelled"
    assert len(reply.text) < 60
    assert model.chat(ASKED, max_tokens=2, timeout_s=20).output_tokens <= 2


def test_time_is_limited(runtime: Runtime):
    model = runtime.chat_model("smol")
    begun = time.monotonic()
    with pytest.raises(OutOfTime):
        model.chat(
            [Message("user", "Count to one thousand.")],
            schema={"type": "string", "minLength": 2000},
            max_tokens=450,
            timeout_s=0.5,
        )
    assert time.monotonic() - begun < 5
    assert model.chat(ASKED, max_tokens=2, timeout_s=30).text


def test_greedy_answers_are_the_same(runtime: Runtime):
    model = runtime.chat_model("smol")
    assert model.chat(ASKED, max_tokens=12).text == model.chat(ASKED, max_tokens=12).text


def test_an_adapter_over_a_base_that_is_there_says_something_else(runtime: Runtime, adapter: Path):
    base = _digest(bundled_gguf())
    assert runtime.has(base)
    runtime.create("tuned", base, adapter, ONE_THREAD)
    plain, tuned = (runtime.chat_model(name).chat(ASKED, max_tokens=12).text for name in ("smol", "tuned"))
    assert plain != tuned
    runtime.unload("tuned")
    runtime.remove("tuned")
    runtime.remove("tuned")
    assert [model.name for model in runtime.models()] == ["smol"]
    assert runtime.has(base)


def test_a_system_prompt_of_the_version_is_used_and_counted(runtime: Runtime):
    system = "You are a chargehand. " * 5
    runtime.create("kind", _digest(bundled_gguf()), None, {**ONE_THREAD, "system": system})
    asked = [Message("user", "Hello?")]
    plain, kind = (runtime.chat_model(name) for name in ("smol", "kind"))
    difference = kind.count_tokens(asked) - plain.count_tokens(asked)
    reply = kind.chat(asked, max_tokens=2)
    assert difference >= 15
    assert reply.input_tokens <= kind.count_tokens(asked) <= reply.input_tokens + 4
    runtime.remove("kind")


def test_models_that_are_not_there_and_files_that_are_none(runtime: Runtime, tmp_path):
    with pytest.raises(ModelUnavailable):
        runtime.chat_model("nobody").chat(ASKED)
    with pytest.raises(ModelUnavailable):
        runtime.warm("nobody")
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(InvalidInput):
        runtime.create("text", tmp_path / "text.gguf", None, {})
    with pytest.raises(NotFound):
        runtime.create("text", tmp_path / "nothing.gguf", None, {})
    with pytest.raises(NotFound):
        runtime.create("text", "sha256:" + "0" * 64, None, {})
    assert not runtime.has("sha256:" + "0" * 64)


def test_without_a_server_ollama_is_not_available():
    runtime = OllamaRuntime("http://127.0.0.1:9")
    assert not runtime.available()
    with pytest.raises(ModelUnavailable, match="does not answer"):
        runtime.models()
    with pytest.raises(ModelUnavailable, match="does not answer"):
        runtime.chat_model("smol").chat(ASKED)


def test_a_llama_that_dies_while_it_answers_is_told_and_started_again(tmp_path):
    runtime = LlamaRuntime(tmp_path)
    runtime.create("smol", bundled_gguf(), None, ONE_THREAD)
    model = runtime.chat_model("smol")
    first = runtime.child("smol").pid

    def kill(text: str) -> bool:
        os.kill(first, signal.SIGKILL)
        return False

    try:
        with pytest.raises(ModelUnavailable, match="broke off"):
            model.chat(ASKED, max_tokens=200, stop_when=kill)
        assert model.chat(ASKED, max_tokens=3).text
        assert runtime.child("smol").pid != first
    finally:
        runtime.close()


def test_a_file_that_only_looks_like_a_model_does_not_load(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(small_gguf("nothing to run"))
    runtime = LlamaRuntime(tmp_path / "pack_store")
    runtime.create("broken", tmp_path / "broken.gguf", None, {})
    with pytest.raises(ModelUnavailable, match="cannot run broken"):
        runtime.warm("broken")


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
