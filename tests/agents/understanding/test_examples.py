"""What stands in the YAML beside the tools' modules fits the tools."""

import re

import pytest
from pydantic import ValidationError

from agents.understanding.arguments import Slot
from agents.understanding.candidates import Operations
from agents.understanding.examples import MarkedSlot, ToolTalk, examples_of, load_talk, read_example
from agents.understanding.slots import read_json

UNSPOKEN = {"edge_artifact", "edge_enroll", "edge_sync", "knowledge_search"}
"""Tools that devices call, and those that the chat calls by itself."""
_TYPES = {"integer": int, "number": (int, float), "boolean": bool, "string": str}


def test_marks_are_taken_out_of_a_sentence() -> None:
    example = read_example(
        "rollout_start",
        "en",
        "[canary](strategy=canary) [bot@v2](version) at [10 %](percentages), [5](stages[].hold_s)",
    )
    assert example.text == "canary bot@v2 at 10 %, 5"
    assert [(example.text[one.start : one.end], one.path, one.value) for one in example.slots] == [
        ("canary", "strategy", "canary"),
        ("bot@v2", "version", None),
        ("10 %", "percentages", None),
        ("5", "stages[].hold_s", None),
    ]


def test_a_value_may_be_empty_and_brackets_that_are_no_mark_stay() -> None:
    assert read_example("t", "en", "[none](limits.slowdown=)").slots == (MarkedSlot(0, 4, "limits.slowdown", ""),)
    assert read_example("t", "en", "say [this] (now)").text == "say [this] (now)"


def test_a_file_that_says_what_nobody_reads_is_refused() -> None:
    with pytest.raises(ValidationError):
        ToolTalk.model_validate({"en": ["a"], "zh": ["b"], "order": {"en": "a"}})
    with pytest.raises(ValidationError):
        ToolTalk.model_validate({"en": ["a"], "zh": ["b"], "orders": {}})


def test_every_tool_is_spoken_to_but_those_of_devices(operations: Operations) -> None:
    assert set(operations.tools) - set(operations.talk) == UNSPOKEN
    assert load_talk({"knowledge_search": operations.tools["knowledge_search"]}) == {}


def test_every_tool_has_examples_in_both_languages_and_changes_have_their_words(operations: Operations) -> None:
    short = {name for name, said in operations.talk.items() if len(said.en) < 10 or len(said.zh) < 10}
    assert short == set()
    changes = [name for name in operations.talk if operations.tools[name].effect != "read"]
    assert len(changes) > 40
    silent = {name for name in changes if operations.talk[name].order is None or operations.talk[name].does is None}
    assert silent == set()


def slot_of(operations: Operations, tool: str, path: str) -> Slot | None:
    """The slot of a marked path, or the free object that its end is a key of."""
    slots = operations.slots(tool)
    if path in slots:
        return slots[path]
    outer = slots.get(path.rpartition(".")[0].removesuffix("[]"))
    return outer if outer is not None and outer.schema.get("additionalProperties") else None


def test_every_marked_path_is_an_argument_or_a_key_of_a_free_object(operations: Operations) -> None:
    marked = {(one.tool, mark.path) for one in examples_of(operations.talk) for mark in one.slots}
    assert len(marked) > 150
    of_new_ones = {("register_version", "version")}  # model@label, which is two arguments
    assert {(tool, path) for tool, path in marked if slot_of(operations, tool, path) is None} == of_new_ones


def test_every_value_fits_its_argument(operations: Operations) -> None:
    marked = {
        (one.tool, m.path, m.value) for one in examples_of(operations.talk) for m in one.slots if m.value is not None
    }
    assert len(marked) > 100
    assert {one for one in marked if not _fits(operations.slots(one[0]).get(one[1]), read_json(one[2]))} == set()


def _fits(slot: Slot | None, value: object) -> bool:
    if slot is None or value is None:  # a key of a free object; null for no limit
        return True
    values = value if isinstance(value, list) else [value]
    if slot.enum:
        return all(str(one) in slot.enum for one in values)
    wanted = _TYPES.get(slot.type)
    return wanted is None or all(isinstance(one, wanted) or wanted is str for one in values)


def test_every_place_in_the_words_of_a_change_is_an_argument(operations: Operations) -> None:
    astray = {
        (name, place)
        for name, said in operations.talk.items()
        for words in (said.order, said.does)
        if words is not None
        for text in (words.en, words.zh)
        for place in re.findall(r"\{([a-z_0-9.]+)\}", text)
        if slot_of(operations, name, place) is None
    }
    assert astray == set()


def test_what_undoes_a_change_and_what_is_asked_for_exist(operations: Operations) -> None:
    for name, said in operations.talk.items():
        assert {path for group in said.asks for path in group} <= set(operations.slots(name)), name
        for undo in said.undo:
            assert set(undo.arguments) <= set(operations.slots(undo.tool)), name


def test_no_sentence_is_an_example_of_two_tools(operations: Operations) -> None:
    tools: dict[str, set[str]] = {}
    for example in examples_of(operations.talk):
        tools.setdefault(example.text.casefold().strip(), set()).add(example.tool)
    shared = {text: names for text, names in tools.items() if len(names) > 1}
    print(shared)
    assert len(shared) / len(tools) < 0.01
