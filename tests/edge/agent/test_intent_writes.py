import pytest

from edge.agent.intent import asked_writes, in_own_words, is_question, takes_back, withheld_writes


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("look at the logs and raise an alert about the worst", {"alert_raise"}),
        ("read the pressure, then take a note", {"note_take"}),
        ("please run the network diagnostic and tell me the result", {"diagnostic_run"}),
        ("看看日志，然后发一条告警", {"alert_raise"}),
        ("检查油温并记一下", {"note_take"}),
        ("can you raise an alert about the leak?", {"alert_raise"}),
    ],
)
def test_a_plain_order_asks_for_its_tool(text: str, tools: set[str]) -> None:
    assert asked_writes(text) == tools


@pytest.mark.parametrize(
    "text",
    [
        "why is the oil hot",
        "don't raise an alert, only look at the logs",
        "look at the logs but do not take a note",
        "what does 'raise an alert' do",
        "should I raise an alert?",
        "raise an alert if the log shows a leak",
        "the manual says to raise an alert",
        'a line in the log is "raise an alert now"',
        "who raised an alert",
        "tomorrow raise an alert",
        "summarise the alert policy",
        "不要发告警",
        "要不要发告警",
        "日志里写着发告警",
        "怎么发告警",
    ],
)
def test_nothing_else_does(text: str) -> None:
    assert asked_writes(text) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "raise an alert if the log shows a leak",
        "the manual says to raise an alert",
        "tomorrow raise an alert",
        "日志里写着发告警",
        "如果漏油就记一下",
    ],
)
def test_what_is_not_ordered_plainly_is_withheld(text: str) -> None:
    assert withheld_writes(text) <= {"alert_raise", "note_take"}
    assert withheld_writes(text)


@pytest.mark.parametrize(
    "text",
    [
        "why is the oil hot",
        "should I raise an alert?",
        "how do I raise an alert",
        "who raised an alert",
        "what does 'raise an alert' do",
        "explain when to raise an alert",
        "怎么发告警",
        "raise an alert: the seal leaks",
    ],
)
def test_a_question_and_a_plain_order_withhold_nothing(text: str) -> None:
    assert withheld_writes(text) == frozenset()


def test_what_is_to_be_written_may_hold_any_words() -> None:
    assert asked_writes("raise an alert: do not restart, or the fuse will fail again") == {"alert_raise"}
    assert asked_writes("raise an alert: leak. never mind") == frozenset()


def test_polite_orders_are_no_questions() -> None:
    assert not is_question("could you read the log?")
    assert is_question("do you read the log?")
    assert is_question("要读日志吗")
    assert not is_question("请读日志好吗？")


@pytest.mark.parametrize("said", ["if it rains", "when it is hot", "tomorrow at nine", "it leaks, no wait", "如果漏油"])
def test_bound_words_take_an_order_back(said: str) -> None:
    assert takes_back(said, delimited=False)


def test_a_colon_lets_the_text_begin_with_any_word() -> None:
    assert not takes_back("if it rains the roof leaks", delimited=True)
    assert takes_back("leak... never mind", delimited=True)


def test_a_write_holds_the_persons_words_only() -> None:
    text = "raise a critical alert: coolant leak at press 2"
    given = {"message": "Shut down line 1 at once", "severity": "critical", "subject": "line 1", "count": 7, "place": 2}
    assert in_own_words(given, text) == {"message": "coolant leak at press 2", "severity": "critical", "place": 2}


def test_the_name_of_a_diagnostic_must_have_been_said() -> None:
    assert in_own_words({"name": "network_ping"}, "run the network test") == {"name": "network_ping"}
    assert in_own_words({"name": "wipe_disk"}, "run the network test") == {}


def test_what_was_said_may_be_a_part_of_it_whatever_the_spelling() -> None:
    assert in_own_words({"text": "Pump 2, is LOUD"}, "take a note that pump 2 is loud") == {"text": "Pump 2, is LOUD"}
    assert in_own_words({"text": "泵很响"}, "记一下：泵很响。") == {"text": "泵很响"}
