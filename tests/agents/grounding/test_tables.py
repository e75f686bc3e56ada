import pytest

from agents.grounding.question import read_question
from agents.grounding.tables import rows_that_say_so
from tests.fakes.passages import passage_of

ALLERGENS = passage_of(
    "Allergens:\n\n| Product | Milk | Sesame | Price |\n| --- | --- | --- | --- |\n| Rye loaf | no | no | 4 € |\n"
    "| Seed roll | no | yes | 1 € |\n| Almond slice | yes | - | 3 € |\n\nTraces cannot be excluded.",
    "Allergen sheet",
)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which products contain sesame?", ["Seed roll"]),
        ("What has no sesame in it?", ["Rye loaf", "Almond slice"]),
        ("Which products are made without milk?", ["Rye loaf", "Seed roll"]),
        ("Which price is the highest?", []),
        ("Does the seed roll contain sesame?", []),
        ("Which allergens does the rye loaf have, and has it milk?", []),
        ("Which products contain egg?", []),
    ],
)
def test_the_rows_that_a_column_answers(question: str, rows: list[str]) -> None:
    found = rows_that_say_so(read_question(question), [passage_of("Bread is good."), ALLERGENS])
    assert [place.text.split("|")[1].strip() for _, place in found] == rows
    assert {index for index, _ in found} <= {1}
