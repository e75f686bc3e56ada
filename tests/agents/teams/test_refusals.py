import re
from pathlib import Path

import pytest

from agents.teams.outcomes import Refused
from agents.teams.refusals import told
from agents.teams.report import render_report
from agents.understanding.interpretation import PlannedCall
from edge.kernel.errors import CallerError, Conflict, InvalidInput, NotAllowed, NotFound
from tests.fakes.judged import equip
from tests.fakes.works import open_works
from tools.spec import LOCAL_ENGINEER, ToolContext
from tools.tenancy import key_tools

_ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
"""Two English words after one another; a name alone is none."""
NOBODY = ToolContext("vic", "default", frozenset({"roster:read"}))


@pytest.mark.parametrize(
    ("error", "message", "advice"),
    [
        (
            NotFound("There is no version 'crew@9'.", nearest=["crew@1", "crew@2"]),
            "没有名为“crew@9”的版本。",
            "最接近的：crew@1, crew@2。",
        ),
        (NotFound("There is no target 'suport'."), "没有名为“suport”的目标。", ""),
        (Conflict("There is a pipeline 'weekly' already.", "Choose another name."), "已经有名为“weekly”的流水线。", "请换一个名称。"),
        (
            NotAllowed("ann may not call retire_version: it needs roster:write.", "Ask an administrator for the scope."),
            "ann 不能这样做：需要权限 roster:write。",
            "请找管理员。",
        ),
        (
            NotAllowed(
                "ann asked for ap-1 and cannot decide it: it takes four eyes.",
                "Somebody else with approvals:decide has to decide.",
            ),
            "ap-1 是 ann 自己请求的，不能由其本人决定：须由另一个人决定（四眼原则）。",
            "须由另一位有 approvals:decide 权限的人决定。",
        ),
        (Conflict("Approval ap-1 is rejected already.", "Only a request can be decided."), "审批 ap-1 已经是 rejected 状态。", "只有待决定的请求才能审批。"),
        (Conflict("crew@1 is retired already: too old", "Nothing is left to do."), "crew@1 已停用，理由：too old", "无需再做什么。"),
    ],
)  # fmt: skip
def test_common_errors_are_told_in_chinese(error: CallerError, message: str, advice: str) -> None:
    assert told(error, "zh") == (message, advice)


def test_what_has_no_words_in_chinese_is_told_by_its_kind_with_the_original_beside_it() -> None:
    message, _ = told(Conflict("The moon is in the seventh house."), "zh")
    assert message == "与现在的状态冲突（The moon is in the seventh house.）"


async def refusal(tmp_path: Path, caller: ToolContext, tool: str, **arguments: object) -> CallerError:
    works = open_works(tmp_path)
    works.add(key_tools())
    await equip(works)
    try:
        with pytest.raises(CallerError) as caught:
            await works.call(caller, tool, **arguments)
    finally:
        works.ledger.close()
    return caught.value


@pytest.mark.parametrize(
    ("caller", "tool", "arguments"),
    [
        (LOCAL_ENGINEER, "version_show", {"version": "crew@9"}),
        (LOCAL_ENGINEER, "approval_approve", {"approval": "ap-9"}),
        (LOCAL_ENGINEER, "api_key_revoke", {"key": "9f3a1c2e"}),
        (LOCAL_ENGINEER, "api_key_issue", {"principal": "local", "scopes": ["roster:read"]}),
        (NOBODY, "retire_version", {"version": "crew@1", "reason": "old"}),
        (NOBODY, "approval_approve", {"approval": "ap-9"}),
    ],
)
async def test_real_refusals_have_words_in_chinese(
    tmp_path: Path, caller: ToolContext, tool: str, arguments: dict[str, object]
) -> None:
    error = await refusal(tmp_path, caller, tool, **arguments)
    message, advice = told(error, "zh")
    assert _ENGLISH.findall(f"{message} {advice}") == [], (error.message, error.advice)


async def test_no_name_of_a_tool_and_no_talk_of_calling_reaches_people(tmp_path: Path) -> None:
    error = await refusal(tmp_path, LOCAL_ENGINEER, "retire_version", version="crew@1")
    assert isinstance(error, InvalidInput)
    assert told(error, "en") == ("It cannot be done so: it lacks reason.", "")
    assert told(error, "zh") == ("这样做不了：缺少 reason。", "")
    busy = Conflict("rollout-1 is moving support.", "Abort it first: rollout_abort rollout-1.")
    assert told(busy, "en", {"rollout_abort"})[1] == "Abort it first: rollout abort rollout-1."


@pytest.mark.parametrize(
    ("language", "words"), [("en", ["**Refused**", "it lacks reason"]), ("zh", ["**已拒绝**", "缺少 reason"])]
)
def test_the_report_tells_them_so(language: str, words: list[str]) -> None:
    error = InvalidInput("retire_version cannot be called so: reason: field required.", "Correct the arguments.")
    text = render_report([Refused(PlannedCall("retire_version", {"version": "crew@1"}), error)], language)  # pyright: ignore[reportArgumentType]
    assert [word for word in words if word not in text] == []
    assert "cannot be called" not in text
    assert "retire_version" not in text
