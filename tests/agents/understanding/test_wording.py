import pytest

from agents.understanding.examples import ToolTalk, Wording
from agents.understanding.interpretation import PlannedCall
from agents.understanding.wording import effect_of, fill_template, order_of, shown_value

TALK = {
    "start": ToolTalk(
        does=Wording(en="moves {target} to {version}", zh="把 {target} 换成 {version}"),
        order=Wording(
            en="{strategy} {version} on {target}[ at {percentages}][, hold {hold_s}]",
            zh="把 {version} 发布到 {target}[，{percentages}]",
        ),
        en=(),
        zh=(),
    )
}
CALL = PlannedCall("start", {"strategy": "blue_green", "version": "bot@v2", "target": "support"})


def test_what_is_not_given_is_not_said() -> None:
    assert order_of(CALL, TALK) == "blue-green bot@v2 on support"
    more = PlannedCall("start", {**CALL.arguments, "percentages": [10, 50], "hold_s": 5400})
    assert order_of(more, TALK) == "blue-green bot@v2 on support at 10, 50 %, hold 90 min"
    assert order_of(more, TALK, "zh") == "把 bot@v2 发布到 support，10, 50 %"
    assert (effect_of(CALL, TALK), effect_of(CALL, {})) == ("moves support to bot@v2", "")


def test_a_call_without_words_or_without_what_they_need_is_told_by_its_name() -> None:
    assert order_of(PlannedCall("start", {"version": "bot@v2"}), TALK) == "start: version bot@v2"
    assert order_of(PlannedCall("audit_verify", {}), {}) == "audit verify"


def test_what_is_not_known_yet_is_told_by_its_kind_and_never_by_dots() -> None:
    open_ended = PlannedCall("start", {"strategy": "canary"})
    assert order_of(open_ended, TALK, partial=True) == "canary a version on a target"
    assert order_of(open_ended, TALK, "zh", partial=True) == "把 某个版本 发布到 某个目标"
    assert fill_template("name {alias}", {}, "en", partial=True) == "name an alias"


@pytest.mark.parametrize(
    ("place", "value", "english", "chinese"),
    [
        ("approval", True, "yes", "是"),
        ("percentages", [5, 25], "5, 25 %", "5, 25 %"),
        ("hold_s", 86400, "1 d", "1 天"),
        ("limits.hold_s", 7200.0, "2 h", "2 小时"),
        ("hold_s", 90, "90 s", "90 秒"),
        ("value", 0.250, "0.25", "0.25"),
        ("scopes", ["a", "b"], "a, b", "a、b"),
        ("strategy", "blue_green", "blue-green", "blue-green"),
        ("name", "blue_green", "blue_green", "blue_green"),
    ],
)
def test_values_are_told_as_people_say_them(place: str, value: object, english: str, chinese: str) -> None:
    assert (shown_value(place, value, "en"), shown_value(place, value, "zh")) == (english, chinese)


def test_a_place_leads_into_nested_arguments() -> None:
    assert fill_template("{use.purpose}[ in {use.region}]", {"use": {"purpose": "product"}}, "en") == "product"
    assert fill_template("{use.purpose}", {}, "en") == ""
