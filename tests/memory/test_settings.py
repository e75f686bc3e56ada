from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput
from memory.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's environment nor a `.env` of the working folder counts."""
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GITHUB_TOKEN", "GITHUB_MODELS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHARGEHAND_{name.upper()}", raising=False)


def test_everything_has_a_default_and_nothing_leaves_the_machine() -> None:
    settings = load_settings()
    assert settings.home == Path.home() / ".chargehand"
    assert settings.host == "127.0.0.1"
    assert settings.openai_api_key is None
    assert settings.github_token is None


def test_the_environment_is_read_and_our_own_name_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHARGEHAND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CHARGEHAND_PORT", "9090")
    monkeypatch.setenv("OLLAMA_HOST", "http://elsewhere:11434")
    settings = load_settings()
    assert (settings.home, settings.port) == (tmp_path / "home", 9090)
    assert settings.ollama_url == "http://elsewhere:11434"
    monkeypatch.setenv("CHARGEHAND_OLLAMA_URL", "http://ours:11434")
    assert load_settings().ollama_url == "http://ours:11434"


def test_a_file_of_the_working_folder_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("CHARGEHAND_PORT=9191\nCHARGEHAND_MODEL=ollama:phi4-mini\nUNRELATED=1\n")
    monkeypatch.setenv("CHARGEHAND_PORT", "9292")
    settings = load_settings()
    assert (settings.port, settings.model) == (9292, "ollama:phi4-mini")


def test_an_override_wins_unless_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEHAND_PORT", "9090")
    assert load_settings(port=8181, model=None).port == 8181
    assert load_settings(port=None).port == 9090


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHARGEHAND_PORT", "http"),
        ("CHARGEHAND_PORT", "70000"),
        ("CHARGEHAND_DRAFT_WITH", "everything"),
        ("CHARGEHAND_DOCUMENT_LIMIT_BYTES", "0"),
        ("CHARGEHAND_TURN_LIMIT_S", "-1"),
    ],
)
def test_a_value_that_does_not_fit_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=rf"\b{variable}\b"):
        load_settings()


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-private")
    settings = load_settings()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "very-private"
    assert "very-private" not in f"{settings!r} {settings}"
