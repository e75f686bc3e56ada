import string

import pytest

from agents.understanding.arguments import Slot
from agents.understanding.questions import _wordings, ask_for, kind_name, listed, sentence


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in _wordings().items() for name in names])
def test_every_sentence_is_there_in_both_languages_with_the_same_places(group: str, name: str) -> None:
    wording = _wordings()[group][name]
    english, chinese = (
        {field for _, field, _, _ in string.Formatter().parse(text) if field} for text in (wording.en, wording.zh)
    )
    assert english == chinese
    assert wording.en.strip()
    assert any("\u3400" <= one <= "\u9fff" for one in wording.zh)


def test_a_place_that_is_not_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        sentence("not_done", "en")
    assert sentence("not_done", "zh", why="不行") == "未执行：不行"


def slot(path: str, *kinds: str, enum: tuple[str, ...] = ()) -> Slot:
    return Slot(
        path,
        "name" if kinds else "string",
        kinds,
        enum,
        many=False,
        required=True,
        schema={"description": "what it is"},
    )


def test_a_slot_is_asked_for_by_its_own_words_its_kind_or_its_description() -> None:
    assert ask_for(slot("reason"), "en") == "Why? The reason is kept."
    assert ask_for(slot("rollout", "rollout"), "en", ["ro-1 (chat)"]) == "Which rollout? There are: `ro-1 (chat)`."
    assert ask_for(slot("odd_thing"), "en") == "What is the odd thing (what it is)?"
    assert "`blue-green`" in ask_for(slot("strategy", enum=("canary", "blue_green")), "zh")


def test_of_many_choices_the_first_are_shown_and_the_rest_counted() -> None:
    assert listed([f"d{n}" for n in range(15)], "en").endswith("`d11` and 3 more.")
    assert listed(["a", "b"], "zh") == "可选：`a`、`b`。"


def test_a_kind_without_a_name_is_called_as_it_is() -> None:
    assert (kind_name("device", "zh"), kind_name("odd_kind", "en")) == ("设备", "odd kind")
