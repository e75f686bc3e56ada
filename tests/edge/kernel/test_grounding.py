from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.grounding import amounts, codes, figures, plain


def measured(text: str) -> list[tuple[str, str]]:
    return [(amount.figure, amount.unit) for amount in amounts(plain(text))]


def coded(text: str) -> list[str]:
    return [code for _, _, code in codes(plain(text))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,000 devices", "1000 devices"),
        ("12,345,678.50", "12345678.5"),
        ("1\u202f000", "1000"),
        ("85 °C", "85°C"),
        ("85 ℃", "85 degrees"),
        ("3.60", "3.6"),
        ("0.50", ".5"),
        ("5 %", "5%"),
        ("5 percent", "百分之五"),
        ("百分之 12.5", "12.5 %"),
        ("８５％", "85%"),
        ("１，０００", "1000"),
        ("HaldenOS v4.1.3", "HaldenOS 4.1.3"),
        ("three attempts", "3 attempts"),
        ("Twenty-four hours", "24 h"),
        ("十五分钟", "15 minutes"),
        ("三千二百", "3200"),
        ("一万两千", "12000"),
        ("二〇二六年", "2026 年"),
        ("minus 20", "-20"),
        ("−20 °C", "零下 20 度"),
        ("+5", "5"),
        ("10GB", "10 GB"),
        ("a 5-day lease", "5 days"),
        ("the 2nd Tuesday", "2"),
    ],
)
def test_the_same_figure_written_in_two_ways(one: str, other: str) -> None:
    assert figures(one) == figures(other) != set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-20 °C", "20 °C"),
        ("3.6", "36"),
        ("4.1.2", "4.12"),
        ("4.1.2", "4.1.20"),
        ("36,40", "3640"),
        ("2 days", "20 days"),
    ],
)
def test_different_figures(one: str, other: str) -> None:
    assert figures(one).isdisjoint(figures(other))


def test_ranges_dates_and_lists_have_no_signs() -> None:
    assert figures("5-45 °C") == {"5", "45"}
    assert figures("2026-09-16 at 05:45") == {"2026", "9", "16", "5", "45"}
    assert figures("channels 36,40,44") == {"36", "40", "44"}
    assert figures("from -20 to 60 °C") == {"-20", "60"}


def test_codes_are_no_figures() -> None:
    assert figures("SE30, E-F071, RS-485, Q4_K_M, qwen2.5-3b and IP68") == set()
    assert coded("SE30, E-F071 and RS-485") == ["se30", "ef071", "rs485"]
    assert coded("phi4-mini") == coded("phi-4-mini")
    assert coded("1.7B") != coded("17B")
    assert coded("10GB, 5-day, 2nd, v4.1 and 20 °C") == []


def test_words_that_only_look_like_numerals_are_none() -> None:
    assert figures("一般 万一 统一 ones someone stone") == set()
    assert figures("一次") == {"1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("85 °C", ("85", "°C")),
        ("45 minutes", ("45", "min")),
        ("45 分钟", ("45", "min")),
        ("3 个小时", ("3", "h")),
        ("3.6 tokens/s", ("3.6", "tokens/s")),
        ("24 dB(A)", ("24", "dB")),
        ("0.5 N·m", ("0.5", "N·m")),
        ("6.9 个百分点", ("6.9", "point")),
        ("5 fans", ("5", "")),
        ("5 A", ("5", "")),
    ],
)
def test_units(text: str, expected: tuple[str, str]) -> None:
    assert measured(text) == [expected]


@given(st.decimals(0, 10**9, places=3))
def test_separators_and_trailing_zeros_do_not_matter(value: Decimal) -> None:
    assert figures(f"{value:,f}") == figures(f"{value:f}") == figures(f"{value:f}0")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_equal_figures_for_equal_numbers_alone(one: int, other: int) -> None:
    assert (figures(f"it is {one}") == figures(f"它是 {other:,}。")) == (one == other)


def test_long_runs_of_digits_are_kept_to_the_last() -> None:
    assert figures("1" * 5000) == {"1" * 5000}
    assert figures("1" * 40).isdisjoint(figures("1" * 39 + "2"))
    assert figures("亿" * 5000)
    assert figures("二" * 5000)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    text = plain(text)
    for amount in amounts(text):
        assert 0 <= amount.start < amount.end <= len(text)
        assert amount.figure
    assert all(0 <= start < end <= len(text) for start, end, _ in codes(text))
