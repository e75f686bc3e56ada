"""`chargehand doctor`."""

from pathlib import Path

from memory.embedding import MiniLM
from tests.fakes.model_servers import ollama_model, serve_ollama
from tests.server.cli.conftest import Chargehand


def test_everything_in_order(ready: Path, chargehand: Chargehand):
    done = chargehand("doctor")
    assert done.code == 0
    assert "model     ✓ none" in done.out
    assert "embedder  ✓" in done.out
    assert "home      ✓" in done.out
    assert "artifacts ✓ file://" in done.out
    assert "0 changes" not in done.out


def test_json_is_one_object(ready: Path, chargehand: Chargehand, minilm: MiniLM):
    done = chargehand("doctor", "--json")
    assert done.code == 0
    assert done.err == ""
    report = done.json
    assert set(report) == {"model", "crew_models", "providers", "embedder", "home", "artifacts", "broken"}
    assert report["broken"] == []
    assert report["model"]["chosen"] == "none"
    assert report["model"]["words_answers"] is False
    assert report["home"]["documents"] > 30
    assert report["home"]["changes_not_applied"] == {"lexical": 0, "vectors": 0}
    assert report["embedder"]["dimensions"] == minilm.dimensions


def test_an_ollama_server_that_answers_is_chosen_and_listed(chargehand: Chargehand):
    with serve_ollama(ollama_model("phi4-mini:latest")) as server:
        report = chargehand("doctor", "--json", CHARGEHAND_MODEL="auto", OLLAMA_HOST=server.url).json
    assert report["model"]["chosen"] == "ollama:phi4-mini:latest"
    assert report["model"]["words_answers"] is True
    (ollama,) = [status for status in report["providers"] if status["provider"] == "ollama"]
    assert ollama["reachable"] is True
    assert ollama["models"] == ["phi4-mini:latest"]


def test_a_model_that_cannot_be_is_broken_and_the_rest_is_still_told(ready: Path, chargehand: Chargehand):
    done = chargehand("doctor", "--json", CHARGEHAND_MODEL="nosuch:model")
    assert done.code == 1
    report = done.json
    assert report["broken"] == ["model"]
    assert "nosuch" in report["model"]["error"]
    assert report["home"]["documents"] > 30
    words = chargehand("doctor")
    assert words.code == 1
    assert "model     ✗ nosuch:model" in words.out


def test_a_model_without_its_key_is_broken_and_the_variable_named(chargehand: Chargehand):
    report = chargehand("doctor", "--json", CHARGEHAND_MODEL="github:microsoft/phi-4-mini-instruct").json
    assert report["broken"] == ["model"]
    assert "CHARGEHAND_GITHUB_TOKEN" in report["model"]["error"]


def test_the_models_of_the_crews_are_listed_and_whether_they_are_used(ready: Path, chargehand: Chargehand):
    given = {"CHARGEHAND_CREW_MODELS": "openai:second, openai:third", "OPENAI_API_KEY": "k"}
    report = chargehand("doctor", "--json", CHARGEHAND_MODEL="openai:first", **given).json["crew_models"]
    assert [one["name"] for one in report["chosen"]] == ["openai:second", "openai:third"]
    words = chargehand("doctor", CHARGEHAND_MODEL="none", **given).out
    assert "beside it for crews: openai:second. Nobody states its size" in words
    assert "Not used: without a capable chat model there are no crews." in words


def test_a_model_that_can_do_no_crew_s_work_is_broken(ready: Path, chargehand: Chargehand):
    done = chargehand("doctor", CHARGEHAND_CREW_MODELS="none")
    assert done.code == 1
    assert "beside it for crews, none: CHARGEHAND_CREW_MODELS names none, which is not capable." in done.out


def test_a_home_that_cannot_be_one_is_broken(chargehand: Chargehand, tmp_path: Path):
    (tmp_path / "file").write_text("I am no folder.")
    done = chargehand("doctor", "--json", CHARGEHAND_HOME=str(tmp_path / "file"))
    assert done.code == 1
    assert done.json["broken"] == ["home", "artifacts"]
    words = chargehand("doctor")
    assert words.code == 1
    assert "home      ✗" in words.out


def test_a_ledger_that_is_none_is_broken(chargehand: Chargehand, tmp_path: Path):
    (tmp_path / "home" / "ledger.sqlite").write_bytes(b"this is no database" * 1000)
    done = chargehand("doctor", "--json")
    assert done.code == 1
    assert done.json["broken"] == ["home"]


def test_an_artifact_store_of_no_known_kind_is_broken_and_its_password_is_not_shown(chargehand: Chargehand):
    done = chargehand("doctor", CHARGEHAND_ARTIFACTS="nosuch://me:secret@bucket")
    assert done.code == 1
    assert "artifacts ✗ Artifacts cannot be kept in nosuch://bucket" in done.out
    assert "secret" not in done.out + done.err


def test_whether_the_model_plans_is_told_and_why(ready: Path, chargehand: Chargehand):
    assert "not capable, so it does not plan: There is no language model." in chargehand("doctor").out
    served = {"CHARGEHAND_MODEL": "openai:served", "CHARGEHAND_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    told = "capable, so it plans what a message asks for: Nobody states its size, and a service counts as capable."
    assert told in chargehand("doctor", **served).out
    overridden = chargehand("doctor", "--json", **served, CHARGEHAND_MODEL_CAPABLE="false").json["model"]
    assert (overridden["capable"], overridden["understands"]) == (False, "examples")
    assert overridden["judged_by"] == "CHARGEHAND_MODEL_CAPABLE says that it is not capable."
