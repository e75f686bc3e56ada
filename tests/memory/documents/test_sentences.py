import pytest
from hypothesis import given

from memory.documents.sentences import gap, sentences
from tests.fakes.documents import markdown_soup


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_english_and_chinese_sentences() -> None:
    assert split("It stops. Does it? Yes! (Surely.) Done") == ["It stops.", "Does it?", "Yes!", "(Surely.)", "Done"]
    assert split("网关降频。温度过高吗？是！先断电；再等待") == [
        "网关降频。",
        "温度过高吗？",
        "是！",
        "先断电；",
        "再等待",
    ]
    assert split("他说：“关机。”然后离开。") == ["他说：“关机。”", "然后离开。"]
    assert split("Use HaldenOS 4.2.1。然后重启。") == ["Use HaldenOS 4.2.1。", "然后重启。"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Parts, e.g. Fans, i.e. HD-FN-R60, are stocked.",
        "See No. 5, Fig. 3 and Sec. 2.1 of the manual.",
        "The clock is 3.5 GHz in v2.1 of haldenctl.py and in Rev. 4.",
        "It throttles at 85 °C. at the latest.",
        "Dr. Li and J. Smith (Wang et al. 2020) measured approx. 5 K.",
        "Wait ... then go on!? and listen to Yahoo! again.",
        "The warranty began on 3 Feb. 2025 at noon.",
        "Open http://192.168.30.1:8443/a.html?x=1! now.",
    ],
)
def test_full_stops_that_end_no_sentence(sentence: str) -> None:
    assert split(sentence) == [sentence]


def test_full_stops_that_do() -> None:
    assert split("It stops at 95 °C. Then wait.") == ["It stops at 95 °C.", "Then wait."]
    assert split("It takes 12 V. See revision D. The limit is 24 V. No. That is all.") == [
        "It takes 12 V.",
        "See revision D.",
        "The limit is 24 V.",
        "No.",
        "That is all.",
    ]
    assert split("Set **LAN1.** `haldenctl` follows. “Quoted.” 第二句。") == [
        "Set **LAN1.**",
        "`haldenctl` follows.",
        "“Quoted.”",
        "第二句。",
    ]
    assert split("Drives, fans, etc. Then more.") == ["Drives, fans, etc.", "Then more."]


def test_items_begin_sentences_and_lose_their_bullet_alone() -> None:
    assert split("Do:\n- one\n- two. Three\n1. four\n2. Five. Six") == [
        "Do:",
        "one",
        "two.",
        "Three",
        "1. four",
        "2. Five.",
        "Six",
    ]


def test_rows_and_code_lines_are_sentences() -> None:
    assert split("| a. B | c |\n|:--|--:|\n| d | e |") == ["| a. B | c |", "| d | e |"]
    assert split("```sh\nmake it. Now\n\n  run\n```") == ["make it. Now", "run"]


def test_code_that_was_cut_off_in_front() -> None:
    assert split("make build\nmake test\n```") == ["make build", "make test"]


def test_headings_rules_and_blanks_are_none() -> None:
    assert split("# Care.\n\nPart\n----\n\n***\n\ntext\n\n") == ["text"]
    assert split("") == split(" \n ") == []


def test_wrapped_lines_are_one_sentence() -> None:
    text = (
        "The BMC sends JSON over MQTT with TLS to port 8883 of the collector in the\nsame site of the Halden factory."
    )
    assert split(text) == [text]
    assert len(split("网关在温度达到八十五摄氏度时降低时钟频率，达到九十五摄氏度\n时关机，温度下降后自动重启")) == 1


def test_lines_broken_on_purpose_are_sentences() -> None:
    assert split("Meet Bixby\nBixby learns what you like to do and works with your apps.\nSee .\nBixby") == [
        "Meet Bixby",
        "Bixby learns what you like to do and works with your apps.",
        "See .",
        "Bixby",
    ]
    assert split("Note EN-115, revision 2, September\nOwner: server group") == [
        "Note EN-115, revision 2, September",
        "Owner: server group",
    ]
    assert split("Halden Devices  \nHall 3") == ["Halden Devices", "Hall 3"]


def test_the_offset_is_added() -> None:
    assert sentences("One. Two.", offset=100) == [(100, 104), (105, 109)]


def test_long_runs_of_marks_take_no_long_time() -> None:
    assert split("." * 200_000 + "x") == ["." * 200_000 + "x"]
    assert split("5. " * 50_000)


@given(markdown_soup)
def test_sentences_are_ordered_trimmed_and_apart(text: str) -> None:
    position = 0
    for start, end in sentences(text):
        assert position <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        position = end


def test_what_has_a_gap_is_no_sentence() -> None:
    text = (
        f"The force is {gap('formula')} at rest. It is high.\n\nPart | Force\n--- | ---\nA | {gap('formula')}\nB | 3 N"
    )
    assert split(text) == ["It is high.", "Part | Force", "B | 3 N"]
