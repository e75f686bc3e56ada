from pathlib import Path

import pytest

from agents.teams.secrets import cleared, without_secrets
from tests.fakes.works import open_works
from tools.spec import LOCAL_ENGINEER
from tools.tenancy import key_tools


async def test_a_key_is_cut_after_its_id_wherever_it_stands(tmp_path: Path) -> None:
    works = open_works(tmp_path)
    works.add(key_tools())
    made = (await works.call(LOCAL_ENGINEER, "api_key_issue", principal="bob", scopes=["roster:read"])).model_dump()
    works.ledger.close()
    key, key_id = made["key"], made["view"]["id"]
    assert without_secrets(f"`{key}` is bob's, {key}.") == f"`chk_{key_id}_…` is bob's, chk_{key_id}_…."
    assert key not in str(cleared({"key": key, "more": [{"again": f"({key})"}], "number": 3}))
    assert cleared({"number": 3, "none": None, "text": "bob"}) == {"number": 3, "none": None, "text": "bob"}


@pytest.mark.parametrize("text", ["revoke the API key 9f3a1c2e", "chk_", "chk_wrong", "che_…", "the prefix chk_1a2b_x"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_an_enrolment_token_is_cut_likewise() -> None:
    assert without_secrets("che_7f6c1a4d70cb_1ikEk4Yf2m7tYflyIjz_x1vVSppHDJ3LtCT307bdrsc") == "che_7f6c1a4d70cb_…"
