import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.ollama import OllamaModel, OllamaServer, preference
from edge.kernel.errors import InvalidInput, Unavailable
from tests.fakes.model_servers import ollama_model, serve_ollama
from tools.serving.providers import is_loopback

MODELS = st.builds(OllamaModel, st.text(), st.none() | st.integers(1, 10**12), st.just(True))


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("gateway-7", "http://gateway-7:11434"),
        (":9999", "http://127.0.0.1:9999"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("https://models.example", "https://models.example:443"),
        ("http://models.example/ollama/", "http://models.example:80/ollama"),
        ("[::1]:11434", "http://[::1]:11434"),
    ],
)
def test_takes_every_form_of_an_address(address: str, url: str) -> None:
    assert OllamaServer.at(address).url == url


@pytest.mark.parametrize("address", ["http://host:port", "ftp://host", "http://", "http://[::1"])
def test_refuses_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidInput, match="CHARGEHAND_OLLAMA_URL"):
        OllamaServer.at(address)


def test_lists_models_with_sizes_and_marks_embedders() -> None:
    models = [
        ollama_model("phi4-mini:latest"),
        ollama_model("all-minilm:latest", "23M", family="bert", embeds=True),
        ollama_model("tiny-135m", ""),
    ]
    with serve_ollama(*models) as server:
        assert OllamaServer.at(server.url).models() == [
            OllamaModel("phi4-mini:latest", 3_800_000_000, chats=True),
            OllamaModel("all-minilm:latest", 23_000_000, chats=False),
            OllamaModel("tiny-135m", 135_000_000, chats=True),
        ]


def test_a_closed_port_is_unavailable_at_once() -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable, match="ollama serve"):
        OllamaServer.at("127.0.0.1:1").models()
    assert time.monotonic() - start < 0.5


def test_a_server_that_accepts_and_stays_silent_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(Unavailable):
            OllamaServer.at(f"127.0.0.1:{silent.getsockname()[1]}").models()
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"models": 3}',
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
)
def test_another_program_on_the_port_is_unavailable(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(Unavailable):
            OllamaServer.at(f"127.0.0.1:{listener.getsockname()[1]}").models()
        thread.join()


def test_the_password_of_an_address_is_sent_but_never_shown() -> None:
    with serve_ollama() as server:
        host = server.url.removeprefix("http://")
        guarded = OllamaServer.at(f"http://me:s3cret@{host}")
        guarded.models()
        assert server.received[0].headers["authorization"] == "Basic bWU6czNjcmV0"
        assert "s3cret" not in guarded.shown
    with pytest.raises(Unavailable) as raised:
        guarded.models()
    assert "s3cret" not in str(raised.value)


@given(st.lists(MODELS, min_size=1))
def test_prefers_the_largest_model_under_4b(models: list[OllamaModel]) -> None:
    best = min(models, key=preference)
    small = [model.parameters for model in models if model.parameters is not None and model.parameters < 4e9]
    known = [model.parameters for model in models if model.parameters is not None]
    assert best.parameters == (max(small) if small else min(known, default=None))


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:8", True),
        ("http://10.0.0.1", False),
        ("https://api.openai.com/v1", False),
        ("http://127.evil.com", False),
    ],
)
def test_knows_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here
