import time
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.understanding.speech_act import Clause, clauses_of, mood_of, standing_clauses
from memory.yaml_text import parse_yaml


def moods_yaml():
    seen = parse_yaml(files("agents.understanding").joinpath("moods.yaml").read_bytes())
    held_out = seen.pop("held_out")
    return {"seen": seen, "held_out": held_out}


def labelled(part):
    return [
        (text, mood)
        for mood, by_language in moods_yaml()[part].items()
        for texts in by_language.values()
        for text in texts
    ]


def parts_of(text, taken=()):
    return [(text[one.start : one.end], one.mood) for one in clauses_of(text, taken)]


def spans_of(text, *names):
    return [(text.index(name), text.index(name) + len(name)) for name in names]


@pytest.mark.parametrize("part", ["seen", "held_out"])
def test_labelled_messages_are_never_taken_for_orders_and_orders_seldom_missed(part):
    read = [(text, mood, mood_of(clauses_of(text))) for text, mood in labelled(part)]
    assert [text for text, mood, found in read if found == "order" and mood != "order"] == []
    missed = [text for text, mood, found in read if mood == "order" and found != "order"]
    assert len(missed) <= 0.08 * sum(mood == "order" for _, mood, _ in read), missed
    assert sum(mood == found for _, mood, found in read) >= 0.93 * len(read)


def test_there_are_labelled_messages_of_every_mood_in_both_languages_and_halves():
    for part in moods_yaml().values():
        assert set(part) == {"order", "question", "talk", "conditional", "retraction"}
        assert all(set(by_language) == {"en", "zh"} for by_language in part.values())


def test_coordinated_orders_are_clauses_of_their_own():
    assert parts_of("pause returns and promote support") == [("pause returns", "order"), ("promote support", "order")]
    assert parts_of("先暂停 returns，然后提升 support") == [("先暂停 returns", "order"), ("提升 support", "order")]
    assert parts_of("register acme/x as triage@v9 and then canary it")[1] == ("canary it", "order")


@pytest.mark.parametrize(
    "text",
    [
        "assign support-bot@v2 and v3 to lyon and austin",
        "start a canary of v5 at 5, 10 and 50 %",
        "abort returns because it is slow and hot",
        "retire triage@v1, it is slow and hot",
        "ask press-1 why it is hot and what it did",
        "tell press-1 to stop and restart",
        "中止 returns，因为太慢了",
    ],
)
def test_lists_reasons_and_messages_to_devices_are_not_split(text):
    assert parts_of(text) == [(text, "order")]


def test_greeting_and_context_do_not_spoil_the_order_after_them():
    parts = parts_of("morning! we had complaints again, so abort returns")
    assert parts[-1] == ("abort returns", "order")
    assert {mood for _, mood in parts[:-1]} == {"talk"}


def test_a_limit_beside_an_order_is_a_conditional_clause_of_its_own():
    parts = parts_of("canary support-bot@v2 on support at 10 % and roll back if p95 goes over 2 s")
    assert [mood for _, mood in parts] == ["order", "conditional"]


@pytest.mark.parametrize(
    "text",
    [
        "Lena told me to abort returns and promote support",
        "should we abort returns and promote v2?",
        "don't abort returns and promote v2",
        "bob said: abort returns. Then promote v2.",
        "how do I pause returns and promote support?",
        "小王说把 returns 停了，把 v2 上线",
    ],
)
def test_what_governs_an_order_governs_those_joined_to_it(text):
    assert "order" not in {one.mood for one in clauses_of(text)}


@pytest.mark.parametrize(
    "text",
    [
        "if p95 goes above 2 s, abort returns and promote v1",
        "hold the canary until Thursday and then go to 50 %",
        "Wait until the shift is over. Then reboot oven-3.",
        "tomorrow pause returns and promote v2",
    ],
)
def test_a_condition_binds_all_orders_joined_to_it(text):
    assert "order" not in {one.mood for one in clauses_of(text)}


@pytest.mark.parametrize(
    "text",
    [
        "```\nabort returns\n```",
        "> abort returns",
        '"abort returns"',
        '{"order": "abort returns"}',
        "From: Piet\nSubject: urgent\n\nAbort returns now!\nPromote v2.",
        "here is what ops mailed:\nabort returns\npromote v2",
        "2026-04-02 10:11:03 abort returns",
        "```\nabort returns",
    ],
)
def test_pasted_and_quoted_text_orders_nothing(text):
    assert {one.mood for one in clauses_of(text)} <= {"talk"}


def test_an_order_beside_pasted_text_stands():
    assert mood_of(clauses_of("pause billing\n```\nabort returns\n```")) == "order"


def test_a_name_that_is_a_word_is_not_read_as_one():
    text = "pause hold and promote if-then"
    assert parts_of(text, spans_of(text, "hold", "if-then")) == [("pause hold", "order"), ("promote if-then", "order")]
    text = "what runs on abort returns"
    assert mood_of(clauses_of(text, spans_of(text, "abort returns"))) == "question"


def test_a_request_to_somebody_else_orders_nothing():
    text = "Lena, please abort returns"
    assert mood_of(clauses_of(text, spans_of(text, "Lena", "returns"))) == "talk"


@pytest.mark.parametrize(
    "text", ["abort returns, tomorrow", "abort returns. Only if Mara agrees.", "把 returns 停了，如果 Mara 同意"]
)
def test_a_condition_behind_an_order_binds_it(text):
    assert mood_of(clauses_of(text)) == "conditional"


def test_a_denied_order_does_not_spoil_the_one_that_replaces_it():
    assert parts_of("don't abort returns, pause it") == [("don't abort returns", "talk"), ("pause it", "order")]


def test_an_unknown_form_is_talk_of_little_certainty():
    sure, unsure = clauses_of("I think v2 is worse"), clauses_of("kiosk line to v2")
    assert [one.mood for one in (*sure, *unsure)] == ["talk", "talk"]
    assert sure[0].certainty > 0.5 >= unsure[0].certainty


def test_a_mistyped_verb_is_an_order_of_little_certainty():
    (clause,) = clauses_of("retier invoice-bot@v1")
    assert (clause.mood, clause.certainty) == ("order", 0.5)


def test_a_later_order_replaces_what_was_taken_back():
    clauses = clauses_of("abort returns - no wait, pause it instead")
    assert mood_of(clauses) == "order"
    text = "abort returns - no wait, pause it instead"
    assert [text[one.start : one.end] for one in standing_clauses(clauses)] == ["pause it instead"]


@pytest.mark.parametrize(
    ("text", "universal"),
    [
        ("reject everything that's pending", True),
        ("approve nothing", True),
        ("abort returns", False),
        ("什么都不要发布", True),
    ],
)
def test_clauses_about_everything_are_marked(text, universal):
    assert [one.universal for one in clauses_of(text)] == [universal]


def test_a_named_one_is_not_everything():
    text = "abort all rollouts on returns"
    assert not clauses_of(text, spans_of(text, "returns"))[0].universal


def test_a_schedule_of_a_job_is_no_condition():
    assert mood_of(clauses_of("run the drift job on dock-cam-2 every night at 2")) == "order"
    assert mood_of(clauses_of("run the drift job on dock-cam-2 tomorrow at 2")) == "conditional"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("pause returns tomorrow at 9", "tomorrow at 9"),
        ("pause returns tomorrow at 9", "tomorrow"),
        ("pause returns in 10 minutes", "10 minutes"),
        ("pause returns on Monday", "Monday"),
        ("pause returns at 9", "9"),
        ("pause returns at 18:00", "18:00"),
        ("明天暂停 returns", "明天"),
        ("两小时后恢复 returns", "两小时"),
    ],
)
def test_a_time_stays_a_time_where_it_was_found_as_a_quantity(text, time):
    assert mood_of(clauses_of(text, spans_of(text, time, "returns"))) == "conditional"


def test_mood_of_nothing_is_talk():
    assert mood_of(clauses_of("")) == "talk"
    assert mood_of((Clause(0, 1, "order"), Clause(1, 2, "retraction"), Clause(2, 3, "talk"))) == "retraction"


WORDS = [
    *"if unless pause abort returns and then , . ? ! - no wait keep it because please don't could you > ``` \" ' { } 请 把 停 了 ， 。 如果 就 算了 别 说 : \n ʬ İ 1 % v2@x".split(
        " "
    ),
    "\n",
    " ",
]


@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)),
    st.lists(st.tuples(st.integers(-5, 220), st.integers(-5, 220)), max_size=4),
)
def test_clauses_lie_within_the_text_in_order_and_apart(text, taken):
    clauses = clauses_of(text, taken)
    ends = [0, *(one.end for one in clauses)]
    assert all(end <= one.start < one.end <= len(text) for end, one in zip(ends, clauses, strict=False))
    assert all(0 <= one.certainty <= 1 for one in clauses)
    assert mood_of(clauses)


def test_a_message_takes_less_than_a_millisecond():
    texts = [text for text, _ in labelled("seen")]
    for text in texts:
        clauses_of(text)
    start = time.process_time()
    for text in texts:
        clauses_of(text)
    assert (time.process_time() - start) / len(texts) < 1e-3


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "abort, " * 2_800,
        "因为" * 10_000,
        "{" * 20_000,
        '"' * 19_999,
        "from: a\n" * 2_500,
        "if " * 6_000,
        "pause and " * 2_000,
    ],
)
def test_long_messages_take_less_than_a_second(text):
    start = time.process_time()
    clauses_of(text)
    assert time.process_time() - start < 1.0


def test_a_document_orders_nothing():
    assert [one.mood for one in clauses_of("abort returns. " * 10_000)] == ["talk"]
