"""API keys as they are told of in the chat."""

from pathlib import Path

import pytest

from agents.teams.report import render_report
from edge.kernel.language import Language
from tests.fakes.works import open_works
from tools.spec import LOCAL_ENGINEER
from tools.tenancy import key_tools


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["An API key for **bob**", "roster:read", "shown this once", "Authorization: Bearer KEY", "To take it back"]),
        ("zh", ["已为 **bob** 签发 API 密钥", "roster:read", "只显示这一次", "Authorization: Bearer KEY", "要吊销"]),
    ],
)  # fmt: skip
async def test_a_new_key_stands_alone_in_a_block_with_what_to_do_next(
    tmp_path: Path, language: Language, words: list[str]
) -> None:
    works = open_works(tmp_path)
    works.add(key_tools())
    made = await works.call(LOCAL_ENGINEER, "api_key_issue", principal="bob", scopes=["roster:read"])
    listed = await works.call(LOCAL_ENGINEER, "api_keys_list")
    works.ledger.close()
    key = made.model_dump()["key"]
    text = render_report([made], language)
    assert f"\n\n```text\n{key}\n```\n\n" in text
    assert text.count(key) == 1
    assert [word for word in words if word not in text] == []
    assert "created_at" not in text
    table = render_report([listed], language)
    assert "| bob | roster:read |" in table
    assert key not in table
