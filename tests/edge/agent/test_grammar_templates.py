import pytest

from edge.agent.grammar import compile_template

SLOTS = {"sensor": "[a-z ]{1,30}?", "number": r"\d+", "text": ".{1,50}"}
RULES = {"show": "show [me]|read", "twice": "<show> <show>"}


def slots(source: str, said: str, language: str = "en") -> dict[str, str | None] | None:
    found = compile_template(source, language, SLOTS, RULES).fits(said)  # type: ignore[arg-type]
    return None if found is None else found.groupdict()


@pytest.mark.parametrize(
    ("source", "said", "found"),
    [
        ("read [the] {sensor}", " read the oil", {"sensor": "oil"}),
        ("read [the] {sensor}", " READ oil", {"sensor": "oil"}),
        ("read [the] {sensor}", " please read oil", None),
        ("read [the] {sensor}", " read", None),
        ("(<show>) {sensor} [now|at once]", " show me oil at once", {"sensor": "oil"}),
        ("(<show>) {sensor} [now|at once]", " show oil", {"sensor": "oil"}),
        ("<twice> {number}", " read show 5", {"number": "5"}),
        ("note: {text}", " note:as it is", {"text": "as it is"}),
        ("note: {text}", " notes: as it is", None),
        ("a|b", " b", {}),
        ("a|b", " a b", None),
    ],
)
def test_a_template_fits_whole_sentences(source: str, said: str, found: dict[str, str] | None) -> None:
    assert slots(source, said) == found


def test_chinese_words_need_no_spaces() -> None:
    assert slots("查看 [一下] {number} 号", "查看一下12号", "zh") == {"number": "12"}


def test_signs_of_patterns_are_plain_characters() -> None:
    assert slots("what? {number}", " what? 5") == {"number": "5"}
    assert slots("wha. {number}", " what 5") is None


@pytest.mark.parametrize("source", ["read [the", "read the]", "read {nothing}", "<nothing>", "a (b|c", "{sensor"])
def test_a_template_that_makes_no_sense_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_template(source, "en", SLOTS, RULES)


def test_rules_that_use_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="without end"):
        compile_template("<a>", "en", SLOTS, {"a": "x <a>"})


def test_every_sentence_that_fits_holds_the_needle() -> None:
    template = compile_template("read [the] {sensor} (now|soon)", "en", SLOTS, RULES)
    assert template.needle == "read"
    assert compile_template("(read|show) it|all", "en", SLOTS, RULES).needle == ""
