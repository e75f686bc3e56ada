"""Measuring a model on the device."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import ModelUnavailable, OutOfTime, PromptTooLong
from edge.tools.evaluation import (
    DeviceEvaluation,
    EvaluationItem,
    evaluate,
    evaluation_tools,
    resident_mb,
    scored,
    small_set,
)
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal
from tests.fakes.edge_chat_models import ListedModel, SetClock

CODE = EvaluationItem("code", "Which code?", "contains", ("E-217",))
READY = EvaluationItem("ready", "Say ready.", "exact", ("ready",))
TOOL = EvaluationItem(
    "tool", "Which tool?", "choice", ("system_health",), ("note_take", "system_health", "alert_raise")
)


def run(model: ListedModel, clock: SetClock, *items: EvaluationItem, time_s: float = 1000.0) -> DeviceEvaluation:
    return evaluate(model, items, time_left=lambda: time_s - clock.now, monotonic=clock, resident=lambda: 12.5)


@pytest.mark.parametrize(
    ("item", "answer", "right"),
    [
        (READY, "Ready.", True),
        (READY, "  “READY” ", True),
        (READY, "I am ready.", False),
        (READY, "", False),
        (CODE, "The code is e-217, I think.", True),
        (CODE, "E-2170", False),
        (CODE, "E-21", False),
        (TOOL, "B", True),
        (TOOL, "b) system_health", True),
        (TOOL, "(B)", True),
        (TOOL, "Answer: B.", True),
        (TOOL, "The correct answer is B", True),
        (TOOL, "You should call system_health.", True),
        (TOOL, "A", False),
        (TOOL, "note_take or system_health", False),
        (TOOL, "G", False),
        (TOOL, "Because", False),
        (EvaluationItem("zh", "", "exact", ("完成",)), "完成。", True),
        (EvaluationItem("zh", "", "contains", ("85",)), "上限是85度", True),
    ],
)
def test_answers_are_scored_by_rules(item: EvaluationItem, answer: str, right: bool) -> None:
    assert scored(item, answer) is right


@given(answer=st.text(max_size=80))
def test_any_answer_can_be_scored(answer: str) -> None:
    for item in small_set():
        assert scored(item, answer) in (True, False)


def test_the_small_set_can_be_answered() -> None:
    assert len({item.id for item in small_set()}) == len(small_set())
    for item in small_set():
        assert scored(item, item.expect[0])
        assert not scored(item, "I do not know.")
        assert not item.choices or set(item.expect) <= set(item.choices)


def test_accuracy_speed_latency_and_memory_are_measured() -> None:
    clock = SetClock()
    model = ListedModel({"code": "it is E-217 there", "ready": "no idea at all"}, clock, first_s=0.5, token_s=0.25)
    done = run(model, clock, CODE, READY)
    assert done.accuracy == 0.5
    assert done.tokens_per_s == pytest.approx(4.0)
    assert done.first_token_s == (0.5, 0.5)
    assert done.answer_s == (1.25, 1.25)
    assert (done.resident_mb, done.complete) == (12.5, True)


def test_choices_are_shown_with_letters() -> None:
    clock = SetClock()
    model = ListedModel({}, clock)
    run(model, clock, TOOL)
    assert model.prompts == ["Which tool?\nA) note_take\nB) system_health\nC) alert_raise\nAnswer with the letter."]


def test_an_item_that_fails_is_wrong_and_the_others_go_on() -> None:
    clock = SetClock()
    model = ListedModel({"code": OutOfTime("slow"), "ready": "ready", "tool": PromptTooLong(9, 5)}, clock)
    done = run(model, clock, CODE, READY, TOOL)
    assert done.accuracy == pytest.approx(1 / 3)
    assert [answer.problem for answer in done.answered] == ["OutOfTime", "", "PromptTooLong"]


def test_a_model_that_never_answers_is_an_error() -> None:
    clock = SetClock()
    with pytest.raises(ModelUnavailable):
        run(ListedModel({"": ModelUnavailable("gone")}, clock), clock, CODE, READY)


def test_no_item_is_begun_after_the_time_is_over() -> None:
    clock = SetClock()
    done = run(ListedModel({"": "one two three"}, clock, first_s=5.0), clock, CODE, READY, TOOL, time_s=6.0)
    assert (len(done.answered), done.complete) == (2, False)


def test_a_model_that_says_nothing_has_no_speed() -> None:
    clock = SetClock()
    done = run(ListedModel({}, clock), clock, CODE)
    assert done.tokens_per_s is None


def test_resident_memory_is_this_processs_own(tmp_path: Path) -> None:
    own = resident_mb()
    assert own is not None
    assert own > 5
    assert resident_mb(tmp_path) is None


def test_the_tool_reports_to_the_hub() -> None:
    clock, journal = SetClock(), MemoryJournal()
    model = ListedModel({"code": "E-217"}, clock)
    policy = {"tools": ["evaluation_run"]}
    toolbox = Toolbox(evaluation_tools(lambda: model, journal, [CODE, READY]), journal, lambda: policy)
    report = toolbox.call("evaluation_run", {"limit": 2}, by="job:weekly")
    assert (report["model"], report["items"], report["accuracy"]) == ("listed", 2, 0.5)
    assert report["wrong"] == [{"item": "ready", "answer": "", "problem": ""}]
    (body,) = journal.of("model")
    assert (body["step"], body["accuracy"]) == ("evaluated", 0.5)


def test_without_a_model_the_tool_says_so() -> None:
    journal = MemoryJournal()
    toolbox = Toolbox(evaluation_tools(lambda: None, journal), journal, lambda: {"tools": ["evaluation_run"]})
    with pytest.raises(ModelUnavailable):
        toolbox.call("evaluation_run", {}, by="x")
    assert journal.of("model") == []
