"""What every call of a tool goes through."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from edge.kernel.canonical import canonical_json
from edge.kernel.errors import (
    ChargehandError,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutboxFull,
    OutOfTime,
    ToolFailed,
)
from edge.tools.deadline import check_time, time_left
from edge.tools.registry import CALLS_PER_MINUTE, Toolbox
from edge.tools.tool import DeviceTool, device_tool
from tests.fakes.device_journals import MemoryJournal


class Valve:
    """Something that a tool changes."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.opened: list[int] = []
        self.audit_when_opened: list[dict[str, Any]] = []
        self._journal = journal

    def tool(self) -> DeviceTool:
        def valve_open(percent: Annotated[int, Field(ge=0, le=100)], reason: str = "") -> dict[str, Any]:
            """Open the valve."""
            self.audit_when_opened = self._journal.of("audit")
            self.opened.append(percent)
            return {"percent": percent}

        return device_tool(valve_open, effect="write")


def looking(run: Callable[[], Mapping[str, Any]], timeout_s: float = 5.0) -> DeviceTool:
    def look() -> Mapping[str, Any]:
        """Look."""
        return run()

    return device_tool(look, timeout_s=timeout_s)


def box(*tools: DeviceTool, journal: MemoryJournal | None = None, **limits: float) -> Toolbox:
    policy = {"tools": [tool.name for tool in tools], "limits": limits}
    return Toolbox(tools, journal or MemoryJournal(), lambda: policy)


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def valve(journal: MemoryJournal) -> Valve:
    return Valve(journal)


def test_a_write_is_written_down_before_it_acts_and_when_it_has_ended(journal: MemoryJournal, valve: Valve) -> None:
    assert box(valve.tool(), journal=journal).call("valve_open", {"percent": 30}, by="person:anna") == {"percent": 30}
    (before,) = valve.audit_when_opened
    assert before == {"step": "started", "tool": "valve_open", "by": "person:anna", "arguments": {"percent": 30}}
    after = journal.of("audit")[1]
    assert (after["step"], after["started"], after["by"]) == ("done", 1, "person:anna")


def test_what_cannot_be_written_down_is_not_done(valve: Valve) -> None:
    with pytest.raises(OutboxFull):
        box(valve.tool(), journal=MemoryJournal(audit_room=0)).call("valve_open", {"percent": 30}, by="x")
    assert valve.opened == []


def test_a_write_that_was_done_is_told_even_where_its_end_has_no_room(valve: Valve) -> None:
    journal = MemoryJournal(audit_room=1)
    assert box(valve.tool(), journal=journal).call("valve_open", {"percent": 30}, by="x") == {"percent": 30}
    assert [body["step"] for body in journal.of("audit")] == ["started"]


def test_what_was_read_is_not_given_where_it_cannot_be_written_down() -> None:
    with pytest.raises(OutboxFull):
        box(looking(lambda: {"a": 1}), journal=MemoryJournal(audit_room=0)).call("look", {}, by="x")


def test_a_read_gives_one_event(journal: MemoryJournal) -> None:
    box(looking(lambda: {"a": 1}), journal=journal).call("look", {}, by="x")
    ((kind, body),) = journal.events
    assert (kind, body["step"], body["arguments"]) == ("audit", "done", {})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "percent"),
        ({"percent": 101}, "percent"),
        ({"percent": -1}, "percent"),
        ({"percent": "much"}, "percent"),
        ({"percent": 1.5}, "percent"),
        ({"percent": None}, "percent"),
        ({"percent": float("nan")}, "percent"),
        ({"percent": 10, "force": True}, "force"),
        ({"percent": 10, "reason": ["a"]}, "reason"),
        (["percent"], "arguments"),
        ("percent", "arguments"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_and_that_is_written_down(
    arguments: Any, said: str, journal: MemoryJournal, valve: Valve
) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        box(valve.tool(), journal=journal).call("valve_open", arguments, by="assistant")
    assert "percent, reason" in caught.value.advice
    (body,) = journal.of("audit")
    assert (body["step"], body["code"]) == ("refused", "InvalidInput")
    assert valve.opened == []


def test_only_what_the_policy_names_is_called(journal: MemoryJournal, valve: Valve) -> None:
    toolbox = Toolbox([valve.tool(), looking(dict)], journal, lambda: {"tools": ["look"]})
    assert toolbox.names == ("look",)
    with pytest.raises(NotAllowed, match="valve_open"):
        toolbox.call("valve_open", {"percent": 1}, by="x")
    assert journal.of("audit")[0]["code"] == "NotAllowed"


def test_without_a_policy_nothing_unusual_is_allowed(journal: MemoryJournal, valve: Valve) -> None:
    with pytest.raises(NotAllowed):
        Toolbox([valve.tool()], journal).call("valve_open", {"percent": 1}, by="x")


@pytest.mark.parametrize("body", [{"tools": "all"}, {"tools": ["look"], "future": 1}, {"limits": {"timeout_s": -1}}])
def test_a_policy_that_is_not_understood_allows_nothing(body: dict[str, Any], journal: MemoryJournal) -> None:
    toolbox = Toolbox([looking(dict)], journal, lambda: body)
    assert toolbox.names == ()
    with pytest.raises(NotAllowed, match="policy"):
        toolbox.call("look", {}, by="x")


def test_a_tool_that_does_not_exist_is_refused(journal: MemoryJournal) -> None:
    with pytest.raises(NotFound, match="rm_rf"):
        box(looking(dict), journal=journal).call("rm_rf", {}, by="x")
    assert journal.of("audit")[0]["tool"] == "rm_rf"


def test_two_tools_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same name"):
        box(looking(dict), looking(dict))


def test_a_loop_that_asks_for_no_time_is_ended(journal: MemoryJournal) -> None:
    threads = threading.active_count()

    def turn() -> dict[str, Any]:
        while True:
            pass

    began = time.monotonic()
    with pytest.raises(OutOfTime, match="look took longer"):
        box(looking(turn, timeout_s=0.1), journal=journal).call("look", {}, by="x")
    assert time.monotonic() - began < 3
    assert threading.active_count() == threads
    assert journal.of("audit")[0]["code"] == "OutOfTime"


def test_work_that_asks_for_the_time_ends_by_itself() -> None:
    asked: list[float] = []

    def count() -> dict[str, Any]:
        while True:
            asked.append(time_left())
            check_time()
            time.sleep(0.01)

    with pytest.raises(OutOfTime):
        box(looking(count), timeout_s=0.1).call("look", {}, by="x")
    assert asked[0] <= 0.1


def test_a_tool_that_cannot_be_ended_is_not_called_again_until_it_has(journal: MemoryJournal) -> None:
    held = threading.Event()

    def hang() -> dict[str, Any]:
        held.wait(30)
        return {}

    toolbox = box(looking(hang, timeout_s=0.05), journal=journal)
    with pytest.raises(OutOfTime):
        toolbox.call("look", {}, by="x")
    assert journal.of("audit")[0]["still_running"] is True
    with pytest.raises(ToolFailed, match="still at work"):
        toolbox.call("look", {}, by="x")
    held.set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert toolbox.call("look", {}, by="x") == {}
            break
        except ToolFailed:
            time.sleep(0.02)
    else:
        pytest.fail("the tool stayed refused")


def test_a_defect_of_a_tool_is_an_error_without_its_details() -> None:
    def stumble() -> dict[str, Any]:
        raise RuntimeError("the password is 1234")

    with pytest.raises(ToolFailed) as caught:
        box(looking(stumble)).call("look", {}, by="x")
    assert "1234" not in str(caught.value)


def test_an_error_of_the_tree_reaches_the_caller(journal: MemoryJournal) -> None:
    def lost() -> dict[str, Any]:
        raise NotFound("No such sensor.")

    with pytest.raises(NotFound, match="No such sensor"):
        box(looking(lost), journal=journal).call("look", {}, by="x")
    assert journal.of("audit")[0]["step"] == "failed"


def test_a_crash_is_not_mistaken_for_a_failure(journal: MemoryJournal) -> None:
    class Cut(BaseException):
        pass

    def cut() -> dict[str, Any]:
        raise Cut

    with pytest.raises(Cut):
        box(looking(cut), journal=journal).call("look", {}, by="x")
    assert journal.events == []


def test_results_are_cut_to_what_fits() -> None:
    result = box(looking(lambda: {"lines": ["x" * 1000] * 1000, "ok": 1}), result_bytes=2000).call("look", {}, by="x")
    assert result["truncated"] is True
    assert result["ok"] == 1
    assert len(canonical_json(result)) <= 2000


def test_results_are_json_without_control_characters() -> None:
    given_back = box(looking(lambda: {"t": "a\x1b[31m\ud800b\n", "n": float("nan"), "s": (1, 2)})).call(
        "look", {}, by="x"
    )
    assert given_back == {"t": "a\ufffd[31m\ufffdb\n", "n": None, "s": [1, 2]}


@pytest.mark.parametrize("value", [b"bytes", object(), {1, 2}])
def test_a_result_that_is_not_json_is_a_failure(value: object) -> None:
    with pytest.raises(ToolFailed):
        box(looking(lambda: {"v": value})).call("look", {}, by="x")


def test_callers_in_a_loop_are_held_back_without_filling_the_journal(journal: MemoryJournal) -> None:
    now = 0.0
    toolbox = Toolbox([looking(dict)], journal, lambda: {"tools": ["look"]}, lambda: now)
    for _ in range(CALLS_PER_MINUTE):
        toolbox.call("look", {}, by="assistant")
    for _ in range(50):
        with pytest.raises(NotAllowed, match="Too many"):
            toolbox.call("look", {}, by="assistant")
    assert len(journal.events) == CALLS_PER_MINUTE + 1
    now = 61.0
    assert toolbox.call("look", {}, by="assistant") == {}


def test_calls_count_under_a_policy_that_is_not_understood(journal: MemoryJournal) -> None:
    toolbox = Toolbox([looking(dict)], journal, lambda: {"future": 1}, lambda: 0.0)
    for _ in range(CALLS_PER_MINUTE + 50):
        with pytest.raises(NotAllowed):
            toolbox.call("look", {}, by="assistant")
    assert len(journal.events) == CALLS_PER_MINUTE + 1


def test_a_tool_that_ends_itself_is_never_stopped_in_the_middle() -> None:
    ended = threading.Event()

    def work() -> dict[str, Any]:
        """Work."""
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            pass
        ended.set()
        return {}

    toolbox = box(device_tool(work, timeout_s=0.05, ends_itself=True))
    with pytest.raises(OutOfTime):
        toolbox.call("work", {}, by="x")
    assert not ended.is_set()
    assert ended.wait(20)


def test_refused_calls_count_too(journal: MemoryJournal) -> None:
    toolbox = Toolbox([looking(dict)], journal, lambda: {"tools": ["look"], "limits": {"calls_per_minute": 3}})
    for _ in range(10):
        with pytest.raises((InvalidInput, NotAllowed)):
            toolbox.call("look", {"no": 1}, by="assistant")
    assert len(journal.events) == 4


def test_long_arguments_are_written_down_by_their_digest(journal: MemoryJournal, valve: Valve) -> None:
    box(valve.tool(), journal=journal).call("valve_open", {"percent": 1, "reason": "r" * 5000}, by="x")
    assert "arguments" not in journal.of("audit")[0]
    assert len(journal.of("audit")[0]["arguments_digest"]) == 64


def test_the_description_is_what_a_model_needs(valve: Valve) -> None:
    tool = box(valve.tool()).tool("valve_open")
    assert (tool.name, tool.description, tool.effect) == ("valve_open", "Open the valve.", "write")
    schema = tool.arguments.model_json_schema()
    assert schema["properties"]["percent"]["maximum"] == 100
    assert schema["additionalProperties"] is False


def test_a_function_that_says_too_little_makes_no_tool() -> None:
    def silent() -> dict[str, Any]:
        return {}

    def untyped(a) -> dict[str, Any]:  # type: ignore[no-untyped-def]
        """Say."""
        return {}

    def nameless(*rest: int) -> dict[str, Any]:
        """Say."""
        return {}

    for function in (silent, untyped, nameless):
        with pytest.raises(TypeError):
            device_tool(function)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


@given(arguments=st.dictionaries(st.text(max_size=10), _json, max_size=4), by=st.text(max_size=300))
def test_whatever_is_asked_either_works_or_is_an_error_of_the_tree_and_is_recorded_once(
    arguments: dict[str, Any], by: str
) -> None:
    journal = MemoryJournal()
    valve = Valve(journal)
    try:
        box(valve.tool(), journal=journal).call("valve_open", arguments, by=by)
    except ChargehandError:
        assert valve.opened == []
        assert [body["step"] for body in journal.of("audit")] == ["refused"]
    else:
        assert [body["step"] for body in journal.of("audit")] == ["started", "done"]


@given(result=st.dictionaries(st.text(max_size=10), _json, max_size=6), limit=st.integers(400, 3000))
def test_bounded_results_always_fit(result: dict[str, Any], limit: int) -> None:
    try:
        bound = box(looking(lambda: result), result_bytes=limit).call("look", {}, by="x")
    except ToolFailed:
        return
    assert len(canonical_json(bound)) <= limit
