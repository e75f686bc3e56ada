import pytest

from agents.understanding.candidates import Operations
from agents.understanding.continuations import Continuation, adds, corrects, reply_of
from agents.understanding.frame import Frame, PastCall
from agents.understanding.interpretation import Question
from agents.understanding.parsed_message import parse_message
from agents.understanding.slots import Filling
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("yes", "yes"),
        ("Yes, please!", "yes"),
        ("好的", "yes"),
        ("ok do it", "yes"),
        ("no", "no"),
        ("no, thanks", "no"),
        ("不要", "no"),
        ("go on", "go_on"),
        ("It's approved, go ahead", "go_on"),
        ("继续", "go_on"),
        ("undo that", "undo"),
        ("take it back", "undo"),
        ("撤销", "undo"),
        ("forget that", "forget"),
        ("please forget it again", "forget"),
        ("忘了它吧", "forget"),
        ("forget that I work in hall 3", None),
        ("take that back please", "undo"),
        ("actually, undo that", "undo"),
        ("还是撤销吧", "undo"),
        ("把刚才的撤回来", "undo"),
        ("取消刚才的操作", "undo"),
        ("那就继续吧", "go_on"),
        ("no, fine", None),
        ("no wait, ok", None),
        ("why?", "why"),
        ("为什么？", "why"),
        ("yes, but not yet", None),
        ("continue the rollout on hall-3", None),
        ("undo the rollout on hall-3", None),
        ("approve ap-1f2e3d4c5b6a", None),
        ("no, 5 %", None),
        ("", None),
    ],
)
def test_only_a_whole_short_message_is_a_reply(text: str, reply: str | None) -> None:
    assert reply_of(text) == reply


def test_corrections_and_additions_are_known_by_how_they_begin() -> None:
    assert corrects("no, 5 %")
    assert corrects("I meant hall-3")
    assert corrects("改成 5%")
    assert not corrects("pause hall-3")
    assert adds("and for line-7?")
    assert adds("line-7 也一样")
    assert not adds("pause line-7")


def continuation(operations: Operations, frame: Frame) -> Continuation:
    return Continuation(operations, SHOP_FLOOR, frame, operations.filler(SHOP_FLOOR, frame))


def answered(operations: Operations, question: Question, text: str) -> Filling | None:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    return continuation(operations, Frame(asked=question)).answer(said, ())


ROLLOUT = Question("missing", "Which?", "rollout_pause", {}, "rollout", ("ro-3333bbbb4444", "ro-1111aaaa2222"))


@pytest.mark.parametrize("text", ["the second one", "ro-1111aaaa2222", "the one on code-assist", "the last one"])
def test_an_answer_fills_the_slot_that_was_asked_for(operations: Operations, text: str) -> None:
    filling = answered(operations, ROLLOUT, text)
    assert filling is not None
    assert SHOP_FLOOR.rollout("ro-1111aaaa2222")
    assert filling.arguments["rollout"].value in {"ro-1111aaaa2222", "code-assist"}
    assert (filling.tool, filling.missing) == ("rollout_pause", [])


def test_an_answer_that_may_mean_several_things_is_asked_about_again(operations: Operations) -> None:
    question = Question("missing", "Which?", "version_show", {}, "version")
    filling = answered(operations, question, "smollm2")
    assert filling is not None
    assert [one.kind for one in filling.problems] == ["ambiguous"]
    assert "version" not in filling.arguments
    assert filling.nested() == {}


def test_what_was_said_before_is_kept_and_a_text_is_taken_as_it_is(operations: Operations) -> None:
    question = Question("missing", "Why?", "device_revoke", {"device": "press-1"}, "reason")
    filling = answered(operations, question, "because it was stolen")
    assert filling is not None
    assert filling.nested() == {"device": "press-1", "reason": "it was stolen"}


def test_a_message_without_an_answer_is_none(operations: Operations) -> None:
    assert answered(operations, ROLLOUT, "what is the weather in the canteen like today, by the way?") is None
    assert continuation(operations, Frame()).answer(parse_message("yes", SHOP_FLOOR, CATALOGUE), ()) is None


def test_the_same_is_done_for_another_thing(operations: Operations) -> None:
    frame = Frame(calls=(PastCall("device_show", {"device": "press-1"}, "done"),))
    filling = continuation(operations, frame).same_for_another(parse_message("and mixer-4?", SHOP_FLOOR, CATALOGUE))
    assert filling is not None
    assert (filling.tool, filling.nested()) == ("device_show", {"device": "mixer-4"})
    other = parse_message("and acme?", SHOP_FLOOR, CATALOGUE)
    assert continuation(operations, frame).same_for_another(other) is None


def test_a_correction_keeps_the_rest(operations: Operations) -> None:
    past = {"target": "support-chat", "version": "phi-4-mini@q8", "strategy": "canary", "percentages": [10]}
    said = parse_message("no, 5 %", SHOP_FLOOR, CATALOGUE)
    filling = continuation(operations, Frame()).corrected("rollout_start", past, said)
    assert filling is not None
    assert filling.nested() == {**past, "percentages": [5]}


def test_yes_to_the_one_thing_that_was_asked_about_is_that_thing_and_a_choice_is_made_by_name(
    operations: Operations,
) -> None:
    def agreed(*choices: str) -> Filling | None:
        asked = Question("ambiguous", "?", "approval_reject", {"comment": "in use"}, "approval", choices)
        return continuation(operations, Frame(asked=asked)).agreed()

    filling = agreed("ap-1f2e3d4c5b6a")
    assert filling is not None
    assert filling.nested() == {"comment": "in use", "approval": "ap-1f2e3d4c5b6a"}
    assert agreed("ap-1f2e3d4c5b6a", "ap-9a8b7c6d5e4f") is None
    assert continuation(operations, Frame()).agreed() is None
