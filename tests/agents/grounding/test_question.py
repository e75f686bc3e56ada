import pytest

from agents.grounding.question import background_rarity, canonical, names_subject, read_question, words_of_text


def names(question: str) -> list[str]:
    return [term.name for term in read_question(question).terms]


def test_words_that_frame_a_question_are_no_terms() -> None:
    assert names("According to the manual, what does it say about the sauna?") == ["sauna"]
    assert names("请问自习室可以打印吗？") == list("自习室打印")


def test_rare_words_weigh_more() -> None:
    assert background_rarity("time") < background_rarity("ferry") < background_rarity("nebuliser")


def test_a_term_that_the_answer_says_by_its_kind() -> None:
    (sauna, cost) = sorted(read_question("What does the sauna cost?").terms, key=lambda term: term.answered)
    assert (sauna.name, sauna.answered) == ("sauna", False)
    assert (cost.name, cost.answered) == ("cost", True)


def test_chinese_characters_know_their_neighbours() -> None:
    (first, second, third) = read_question("打印机").terms
    assert first.pairs == ("打印",)
    assert second.pairs == ("打印", "印机")
    assert {first.run, second.run, third.run} == {0}


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ("What does the sauna cost?", True),
        ("what's the sauna supplement", True),
        ("Tell me about ticks", True),
        ("打印机放在哪里", True),
        ("deposit city bike", False),
        ("canary v2 on support", False),
        ("把 helper@v2 灰度到 support", False),
    ],
)
def test_the_form_of_a_question(message: str, asks: bool) -> None:
    assert read_question(message).asks is asks


@pytest.mark.parametrize(
    ("question", "code", "subject"),
    [
        ("What does E-F071 mean?", "E-F071", True),
        ("What does the update error E-F071 on a gateway mean?", "E-F071", True),
        ("What is the operating temperature of the SE90 in a closed steel cabinet?", "SE90", True),
        ("On which terminal does the serial port of the Lyra box end with Windows-11?", "Windows-11", False),
        ("Which power does the port have with an iPhone16?", "iPhone16", False),
        ("What should I do when the unit displays E-999?", "E-999", True),
        ("My unit shows the error code E\u2011999, what now?", "E-999", True),
        ("控制面板上的风扇灯闪烁并且显示E-999怎么办？", "E-999", True),
    ],
)
def test_a_code_as_the_subject(question: str, code: str, subject: bool) -> None:
    assert read_question(question).codes == (code,)
    assert names_subject(read_question(question), code) is subject


def test_words_of_one_meaning_and_all_hyphens_are_written_alike() -> None:
    assert canonical("E\u2011F071") == "e-f071"
    assert canonical("星期一关门") == canonical("周一闭馆")


def test_the_words_of_a_text() -> None:
    assert ("bike", "bikes") in words_of_text("City-bikes are lent.")
    assert ("se30", "") in words_of_text("The SE30")
