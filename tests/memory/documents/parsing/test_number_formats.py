"""Cells as a spreadsheet shows them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from memory.documents.parsing.number_formats import shown


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (12, "General", "12"),
        (12.0, "General", "12"),
        (0.125, "0.0%", "12.5%"),
        (0.125, "0 %", "13 %"),
        (1234.5, '#,##0.00 [$€-407]', "1,234.50 €"),
        (1234.5, '"$"#,##0', "$1,235"),
        (-3.5, "0.00", "-3.50"),
        (-3.5, "0.00;(0.00)", "(3.50)"),
        (0, '0.0;-0.0;"none"', "none"),
        (7, "00000", "00007"),
        (1500, '0.0," k"', "1.5 k"),
        (0.000012, "0.00E+00", "1.20E-05"),
        (20, '0" °C"', "20 °C"),
        (5, '[Red]0', "5"),
        (2.5, "# ?/?", "2.5"),
        ("words", "@", "words"),
        (True, "General", "TRUE"),
        (None, "General", ""),
        (date(2026, 3, 1), "dd.mm.yyyy", "01.03.2026"),
        (datetime(2026, 3, 1, 14, 30, tzinfo=UTC), "yyyy-mm-dd hh:mm", "2026-03-01 14:30"),
        (datetime(2026, 3, 1, 14, 5, tzinfo=UTC), "d mmm yyyy h:mm AM/PM", "1 Mar 2026 2:05 PM"),
        (datetime(2026, 3, 1, tzinfo=UTC), "mm-dd-yy", "2026-03-01"),
        (datetime(2026, 3, 1, tzinfo=UTC), "mmmm d, yyyy", "March 1, 2026"),
        (time(9, 5), "h:mm", "9:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
    ],
)  # fmt: skip
def test_what_a_cell_shows(value: object, number_format: str, expected: str) -> None:
    value = value.replace(tzinfo=None) if isinstance(value, datetime) else value  # openpyxl gives no zone
    assert shown(value, number_format) == expected
