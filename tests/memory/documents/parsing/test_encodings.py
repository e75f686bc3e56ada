"""Texts in 25 encodings: read right or refused, never read wrong."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.plaintext import decode_text

SENTENCES = {
    "Russian": "Насос Н5: давление 6 бар. Перед вскрытием крышки отключите питание.",
    "Ukrainian": "Тиск у насосі Н5 не більше 6 бар, її перевіряє оператор.",
    "Polish": "Ciśnienie pompy P7 wynosi 6 barów, wyłącz ją przed czyszczeniem.",
    "Czech": "Tlak čerpadla P7 je 6 barů, při údržbě ho vypněte.",
    "Hungarian": "A P7 szivattyú nyomása 6 bar, szűrője cserélhető.",
    "German": "Die Prüfung der Größe: 5 µm ± 1, Gerät über 40 °C.",
    "French": "La pression de la pompe P7 est réglée à 6 bars, où elle reste.",
    "Spanish": "La presión de la bomba es 6 bar; ¡apáguela después!",
    "Turkish": "P7 pompasının basıncı 6 bardır, kapağı açmayın, şüphede danışın.",
    "Greek": "Η πίεση της αντλίας P7 είναι 6 bar και η θερμοκρασία 90 βαθμοί.",
    "Korean": "펌프 P7의 압력은 6바입니다. 필터를 3개월마다 점검하십시오.",
    "Japanese": "ポンプP7の圧力は6バールです。電源を切り、十分間お待ちください。",
    "Chinese": "水泵P7的压力为6巴。打开盖子之前，请切断电源并等待十分钟。",
    "Traditional Chinese": "水泵P7的壓力為6巴。打開蓋子之前，請切斷電源並等待十分鐘。",
}
ENCODINGS = {
    "Russian": "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic",
    "Ukrainian": "cp1251 koi8-u",
    "Polish": "cp1250 iso8859-2 cp852",
    "Czech": "cp1250 iso8859-2 cp852",
    "Hungarian": "cp1250 iso8859-2",
    "German": "cp1252 iso8859-15 cp850 cp437 mac-roman",
    "French": "cp1252 cp850 mac-roman",
    "Spanish": "cp1252 cp850",
    "Turkish": "cp1254",
    "Greek": "cp1253 iso8859-7",
    "Korean": "euc-kr cp949",
    "Japanese": "shift_jis euc-jp iso2022-jp",
    "Chinese": "gb18030",
    "Traditional Chinese": "big5",
}
CASES = [
    (language, encoding)
    for language, names in ENCODINGS.items()
    for encoding in (*names.split(), "utf-16-le", "utf-16-be", "utf-32-le")
]
REFUSED = {("Czech", "iso8859-2"), ("Russian", "mac-cyrillic"), ("German", "mac-roman")}
"""Two readings are nearly as likely, or the letters are those of a rare encoding."""


def read(data: bytes) -> str | None:
    """The text; None where it is refused."""
    try:
        return decode_text(data, "a.txt")
    except InvalidInput:
        return None


@pytest.mark.parametrize("around", ["", "Pump P7 manual. The pressure is 6 bar. " * 10], ids=["alone", "in English"])
@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_a_sentence_is_read_right_or_refused(language: str, encoding: str, around: str) -> None:
    text = around + SENTENCES[language]
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        data = text.replace("°", "").encode(encoding, "ignore")
        text = data.decode(encoding)
    assert read(data) == text or ((language, encoding) in REFUSED and read(data) is None)


@pytest.mark.parametrize("text", ["5 °C", "±5 %", "Größe 5", "déjà vu", "señal", "10 µF ±5 %", "Maß: 3 × 4 mm – fest"])
def test_the_signs_of_western_europe_are_read_from_a_few_bytes(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "a.txt") == text


@pytest.mark.parametrize(
    "data",
    [
        "Größe 5, Prüfung, Gerät ".encode() + "über".encode("cp1252"),
        "펌프".encode("euc-kr"),
        bytes(range(0x80, 0x100)),
    ],
    ids=["two encodings", "two characters", "every byte"],
)
def test_what_cannot_be_told_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="encoding") as caught:
        decode_text(data, "a.txt")
    assert "UTF-8" in caught.value.advice


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [("iso-8859-1", "cp1252", "“6 bar” – 5 €"), ("gb2312", "gb18030", "鎔6巴"), ("shift_jis", "cp932", "①圧力")],
)
def test_a_declared_encoding_is_taken_for_the_larger_one_that_is_meant(declared: str, encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding), "a.html", declared) == text
