import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.model_steps import repeats


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 40,
        "0" * 40,
        "the pump the pump the pump the pump the pump",
        'ok {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, ',
        "温度正常" * 10,
        " ".join(f"I will now read the sensor again ({n})." for n in range(6)),
    ],
)
def test_loops_are_seen(text: str) -> None:
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no no no",
        '{"tool": "sensor_read", "arguments": {"sensor": "oil_temperature"}}',
        "The oil temperature is 61.4 °C. The coolant temperature is 45.1 °C. The cabinet temperature is 33 °C.",
        "1000000000000",
        "冷却液温度为45.1 °C，油温为61.4 °C，机柜温度为33 °C。",
    ],
)
def test_answers_are_none(text: str) -> None:
    assert not repeats(text)


@given(st.text(min_size=1, max_size=60), st.text(max_size=40))
def test_whatever_repeats_long_enough_is_seen(piece: str, before: str) -> None:
    assert repeats(before + piece * max(4, -(-32 // len(piece))))
