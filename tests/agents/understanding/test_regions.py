import pytest

from agents.understanding.regions import region_of, regions_in
from tools.governance.evidence import REGIONS


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("in Germany", "DE"),
        ("地区欧盟", "EU"),
        ("region EU", "EU"),
        ("the United Kingdom", "GB"),
        ("法国", "FR"),
        ("worldwide", "world"),
        ("tell us if it is in", None),
        ("Germany or France", None),
        ("CN-1 and press-DE", None),
        ("", None),
    ],
)
def test_a_region_is_known_by_its_names_and_by_its_code_in_capitals(words: str, code: str | None) -> None:
    assert region_of(words) == code


def test_every_name_stands_for_a_region_that_operations_take() -> None:
    from agents.understanding import regions

    assert set(regions._names().values()) <= set(REGIONS)


def test_regions_are_found_where_they_stand() -> None:
    assert regions_in("from 德国 to US") == [(5, 7, "DE"), (11, 13, "US")]
