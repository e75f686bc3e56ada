"""Units of one quantity convert into each other; those of others do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from edge.sensors.units import convert


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "found"),
    [(100, "°C", "°F", 212), (20, "C", "K", 293.15), (1, "bar", "psi", 14.50377), (1, "MPa", "bar", 10), (60, "rpm", "Hz", 1), (25.4, "mm", "in", 1)],
)  # fmt: skip
def test_a_value_in_another_unit(value: float, unit: str, wanted: str, found: float) -> None:
    assert convert(value, unit, wanted) == pytest.approx(found, rel=1e-6)


@given(st.floats(-1e6, 1e6), st.sampled_from(["°C", "°F", "K"]), st.sampled_from(["°C", "°F", "K"]))
def test_there_and_back_is_the_same(value: float, unit: str, wanted: str) -> None:
    assert convert(convert(value, unit, wanted), wanted, unit) == pytest.approx(value, rel=1e-5, abs=1e-3)


@pytest.mark.parametrize(("unit", "wanted"), [("bar", "°F"), ("", "psi"), ("°C", "furlong")])
def test_another_quantity_is_refused(unit: str, wanted: str) -> None:
    with pytest.raises(InvalidInput):
        convert(1.0, unit, wanted)
