"""Quantities, in English and Chinese, and numbers that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.understanding.quantities import Quantity, number_of, take_quantities
from edge.kernel.protocol.jobs import parse_cron


def took(text: str) -> list[tuple[str, object, str]]:
    return [(one.kind, one.value, one.unit) for one in take_quantities(text)]


def only(text: str) -> Quantity:
    (one,) = take_quantities(text)
    return one


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("10%", [10]),
        ("10 %", [10]),
        ("10％", [10]),
        ("10 percent", [10]),
        ("10 per cent of the traffic", [10]),
        ("0.5%", [0.5]),
        ("10/50/100 %", [10, 50, 100]),
        ("10, 50 and 100 %", [10, 50, 100]),
        ("5%, 20%, 50%", [5, 20, 50]),
        ("5 then 20 then 50", [5, 20, 50]),
        ("5 percent and then 25 and 100", [5, 25, 100]),
        ("5 -> 20 -> 50", [5, 20, 50]),
        ("10/50/100", [10, 50, 100]),
        ("10%到50%再到100%", [10, 50, 100]),
        ("先 5% 再 20% 最后 100%", [5, 20, 100]),
        ("百分之十", [10]),
        ("百分之二十五", [25]),
        ("三成", [30]),
        ("一半流量", [50]),
        ("四分之一", [25]),
        ("half of the traffic", [50]),
        ("a quarter of it", [25]),
        ("three quarters", [75]),
        ("twenty five percent", [25]),
        ("ten percent", [10]),
        ("canary phi-4-mini 10%", [10]),
        ("-5%", [-5]),
        ("10 precent", [10]),
    ],
)
def test_shares(text: str, shares: list[float]) -> None:
    assert [(kind, value) for kind, value, _ in took(text)] == [("percent", share) for share in shares]


@pytest.mark.parametrize(
    ("text", "seconds", "bound"),
    [
        ("hold for 30 minutes", 1800, None),
        ("hold 10m", 600, None),
        ("at most 2 h per step", 7200, "most"),
        ("for 1h30m", 5400, None),
        ("1 hour and 30 minutes", 5400, None),
        ("half an hour", 1800, None),
        ("an hour and a half", 5400, None),
        ("two hours", 7200, None),
        ("90 mintues", 5400, None),
        ("3 days", 259200, None),
        ("a week", 604800, None),
        ("at least 2 hours", 7200, "least"),
        ("at most two hours", 7200, "most"),
        ("within 10 minutes", 600, "most"),
        ("no longer than 45 min", 2700, "most"),
        ("30 分钟", 1800, None),
        ("半小时", 1800, None),
        ("一个半小时", 5400, None),
        ("两个小时", 7200, None),
        ("三天", 259200, None),
        ("最多 30 分钟", 1800, "most"),
        ("10 分钟以内", 600, "most"),
        ("至少两小时", 7200, "least"),
        ("-5 minutes", -300, None),
        ("800 ms", 0.8, None),
        ("more than 10 minutes", 600, "least"),
        ("no more than 10 minutes", 600, "most"),
    ],
)
def test_durations(text: str, seconds: float, bound: str | None) -> None:
    one = only(text)
    assert (one.kind, one.value, one.unit, one.bound) == ("duration", seconds, "s", bound)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("600 requests per minute", 600, "requests_per_minute"),
        ("600 requests/min", 600, "requests_per_minute"),
        ("600 rpm", 600, "requests_per_minute"),
        ("2 million tokens a day", 2_000_000, "tokens_per_day"),
        ("200k tokens/day", 200_000, "tokens_per_day"),
        ("10m tokens a day", 10_000_000, "tokens_per_day"),
        ("5,000 requests each day", 5000, "requests_per_day"),
        ("20 concurrent requests", 20, "concurrent_requests"),
        ("20 requests at once", 20, "concurrent_requests"),
        ("每分钟 600 次请求", 600, "requests_per_minute"),
        ("每分钟600次", 600, "requests_per_minute"),
        ("600 次/分钟", 600, "requests_per_minute"),
        ("每天 200 万 token", 2_000_000, "tokens_per_day"),
        ("并发 20", 20, "concurrent_requests"),
        ("20 个并发", 20, "concurrent_requests"),
    ],
)
def test_rates(text: str, value: float, unit: str) -> None:
    one = only(text)
    assert (one.kind, one.value, one.unit) == ("rate", value, unit)


@pytest.mark.parametrize(
    ("text", "value", "unit", "bound"),
    [
        ("500 requests", 500, "requests", None),
        ("1,000 requests", 1000, "requests", None),
        ("at least 500 requests", 500, "requests", "least"),
        ("至少 500 个请求", 500, "requests", "least"),
        ("400 samples", 400, "samples", None),
        ("400 个样本", 400, "samples", None),
        ("3 retries", 3, "retries", None),
        ("try five times", 5, "times", None),
        ("重试 3 次", 3, "times", None),
        ("two versions", 2, "versions", None),
    ],
)
def test_counts(text: str, value: float, unit: str, bound: str | None) -> None:
    one = only(text)
    assert (one.kind, one.value, one.unit, one.bound) == ("count", value, unit, bound)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("raise it by 10", "number", 10),
        ("raise the threshold by 2 points", "points", 2),
        ("another 5%", "percent", 5),
        ("5% more", "percent", 5),
        ("lower by 5", "number", -5),
        ("reduce it by 5%", "percent", -5),
        ("extend it by 30 minutes", "duration", 1800),
        ("增加 5%", "percent", 5),
        ("再加 10%", "percent", 10),
        ("降低 5 个百分点", "points", -5),
        ("twice", "number", 2),
        ("double the quota", "number", 2),
        ("翻倍", "number", 2),
        ("减半", "number", 0.5),
    ],
)
def test_relative_amounts(text: str, kind: str, value: float) -> None:
    one = only(text)
    assert (one.kind, one.value, one.relative) == (kind, value, True)


@pytest.mark.parametrize("text", ["raise it to 20%", "提高到 20%", "set it to 20%", "改成 20%", "降到 20%"])
def test_an_amount_to_which_something_changes_is_not_relative(text: str) -> None:
    assert (only(text).value, only(text).relative) == (20, False)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("every night at 2", "0 2 * * *"),
        ("every day at 6:30", "30 6 * * *"),
        ("daily at 6", "0 6 * * *"),
        ("every evening at 8", "0 20 * * *"),
        ("every day at noon", "0 12 * * *"),
        ("weekdays at 6:30", "30 6 * * 1-5"),
        ("on weekdays at 7", "0 7 * * 1-5"),
        ("every Monday at 9pm", "0 21 * * 1"),
        ("every Monday and Thursday at 9", "0 9 * * 1,4"),
        ("每天凌晨两点", "0 2 * * *"),
        ("每天早上8点", "0 8 * * *"),
        ("每天 6:30", "30 6 * * *"),
        ("每周一上午九点", "0 9 * * 1"),
        ("每天晚上十点半", "30 22 * * *"),
        ("工作日早上六点半", "30 6 * * 1-5"),
    ],
)
def test_schedules_by_the_clock(text: str, expression: str) -> None:
    one = only(text)
    assert (one.kind, one.value) == ("schedule", {"on": "cron", "expression": expression})
    parse_cron(expression)


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("every 10 minutes", {"on": "interval", "every_s": 600}),
        ("every two hours", {"on": "interval", "every_s": 7200}),
        ("every hour", {"on": "interval", "every_s": 3600}),
        ("hourly", {"on": "interval", "every_s": 3600}),
        ("每 10 分钟", {"on": "interval", "every_s": 600}),
        ("每 10 分钟跑一次", {"on": "interval", "every_s": 600}),
        ("每小时", {"on": "interval", "every_s": 3600}),
        ("每隔两小时", {"on": "interval", "every_s": 7200}),
        ("run it once", {"on": "once"}),
        ("只运行一次", {"on": "once"}),
    ],
)
def test_schedules_by_intervals(text: str, schedule: dict[str, object]) -> None:
    assert (only(text).kind, only(text).value) == ("schedule", schedule)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow at 9",
        "on Monday",
        "tonight",
        "next week",
        "下周一",
        "明天上午九点",
        "今晚",
        "2026-12-01",
        "at 18:00",
        "at 5pm",
    ],
)
def test_moments_are_their_words(text: str) -> None:
    assert (only(text).kind, only(text).value) == ("moment", text)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("4 GB", "size", 4e9),
        ("512MB", "size", 512e6),
        ("2 GiB", "size", 2 * 1024**3),
        ("accuracy 0.78", "number", 0.78),
        ("priority 7", "number", 7),
        ("set it to twenty", "number", 20),
        ("加 5 个百分点", "points", 5),
        (f"sha256:{'A' * 64}", "digest", f"sha256:{'a' * 64}"),
        ("say “not used 5%”", "quoted", "not used 5%"),
        ('say "not used"', "quoted", "not used"),
        ("说「你好」", "quoted", "你好"),
        ("say 'the reason' now", "quoted", "the reason"),
        ("say ‘it’s late’ now", "quoted", "it’s late"),
        ("```\ncode 5\n```", "quoted", "code 5"),
        ("`code`", "quoted", "code"),
    ],
)
def test_other_quantities(text: str, kind: str, value: object) -> None:
    assert (only(text).kind, only(text).value) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "v3 of phi-4-mini on press-1",
        "support-bot@v2",
        "qwen2.5-3b",
        "RMA-26-000001, HaldenOS 4.1.2",
        "the second one",
        "that one",
        "once it passes",
        "at once",
        "a third of it",
        "don't, won't, can't",
        "三号车间",
        "第二个",
        "那一个",
        "http://127.0.0.1:8080/5",
        "成为一体",
        "",
    ],
)
def test_what_is_no_quantity(text: str) -> None:
    assert took(text) == []


def test_what_is_taken_is_skipped_but_for_quotes_around_more() -> None:
    text = "give hall 3 10% because “hall 3 is hot”"
    first, second = text.find("hall 3"), text.rfind("hall 3")
    taken = [(first, first + 6), (second, second + 6)]
    assert took("give hall 3 10%") != took("give 10%")
    assert [one.words for one in take_quantities(text, taken)] == ["10%", "“hall 3 is hot”"]
    assert take_quantities("“hall 3”", [(1, 7)]) == ()


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("twenty-five", 25),
        ("a hundred", 100),
        ("two hundred", 200),
        ("一百二十", 120),
        ("十五", 15),
        ("零点五", 0.5),
        ("1,000", 1000),
    ],
)
def test_numbers_in_words(words: str, number: float) -> None:
    assert number_of(words) == number


PIECES = [
    "10", "%", " 50 ", "every ", "day ", "at ", "half ", "an hour", "，", "每", "天", "两", "点", "半", "“", "”", '"', "'",
    "3 requests", " per ", "minute", "万", "by ", "more", "and ", "-", "/", "百分之", "一", "\n", "`", "第", "a ",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=60), st.data())
def test_any_text_gives_spans_in_order_that_do_not_overlap(text: str, data: st.DataObject) -> None:
    places = st.integers(0, max(len(text), 1))
    taken = data.draw(st.lists(st.tuples(places, places).map(lambda pair: (min(pair), max(pair))), max_size=2))
    ends = 0
    for one in take_quantities(text, taken):
        assert one.start >= ends
        assert one.words
        assert one.words == text[one.start : one.end]
        assert one.kind == "quoted" or all(one.end <= start or end <= one.start or start == end for start, end in taken)
        ends = one.end
