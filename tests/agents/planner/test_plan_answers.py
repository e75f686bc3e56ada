import pytest

from agents.planner.plan import read_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", "yes"),
        ("Yes, please!", "yes"),
        ("好的", "yes"),
        ("no", "no"),
        ("不要", "no"),
        ("go on", "go_on"),
        ("It's approved, go ahead", "go_on"),
        ("继续", "go_on"),
        ("yes, but not yet", None),
        ("continue the rollout on hall-3", None),
        ("approve ap-1f2e3d4c5b6a", None),
        ("", None),
    ],
)
def test_only_a_whole_short_message_is_an_answer(text: str, answer: str | None) -> None:
    assert read_answer(text) == answer
