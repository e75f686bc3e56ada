"""JSON and YAML."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.key_paths import parse_json, parse_yaml_file
from tests.fakes.documents import check_document


def test_a_value_stands_beside_its_path_as_it_is_written() -> None:
    document = parse_json(
        "gateway.json",
        b'{"title": "Gateway settings", "server": {"port": 8080, "rate": 1.10, "tls": {"on": true, "ciphers": ["a", "b"]}}}',
    )
    check_document(document)
    assert document.title == "Gateway settings"
    assert document.text == (
        "- title: Gateway settings\n\nserver\n\n- server.port: 8080\n- server.rate: 1.10\n- server.tls.on: true\n"
        "- server.tls.ciphers: a, b"
    )


def test_a_list_of_records_is_a_table() -> None:
    document = parse_json(
        "a.json", b'{"devices": [{"name": "GW-1", "max": 5}, {"name": "GW-2", "max": 7, "note": null}]}'
    )
    assert document.text == "devices\n\ndevices:\n\n| name | max | note |\n|--|-|-|\n| GW-1 | 5 |  |\n| GW-2 | 7 |  |"
    assert parse_json("a.jsonl", b'{"name": "GW-1", "max": 5}\n{"name": "GW-2", "max": 7}\n').text == (
        "| name | max |\n|--|-|\n| GW-1 | 5 |\n| GW-2 | 7 |"
    )


def test_yaml_values_are_not_interpreted() -> None:
    document = parse_yaml_file("kiln.yaml", b"kiln:\n  limit: 1.10\n  on: yes\n  code: 0071\n  day: 2026-03-01\n")
    check_document(document)
    assert document.text == "kiln\n\n- kiln.limit: 1.10\n- kiln.on: yes\n- kiln.code: 0071\n- kiln.day: 2026-03-01"
    assert parse_yaml_file("a.yml", b"a: 1\n---\nb: 2\n").text == "- [0].a: 1\n- [1].b: 2"


def test_a_long_value_is_a_paragraph() -> None:
    document = parse_json("a.json", b'{"help": {"text": "' + b"Turn it off. " * 50 + b'"}}')
    assert document.text.startswith("help\n\nhelp.text:\n\nTurn it off.")


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + at, 98 + at, b", ".join([b"*%c" % (97 + at)] * 10)) for at in range(8)
)


@pytest.mark.parametrize(
    ("parse", "data", "why"),
    [
        (parse_json, b"{", "not JSON: line 1"),
        (parse_json, b"[" * 100_000, "not JSON: nested too deep|not JSON"),
        (parse_json, b"{}", "no values"),
        (parse_yaml_file, b"a: [", "not YAML: line"),
        (parse_yaml_file, BOMB, "more than"),
    ],
)
def test_what_cannot_be_read_is_refused(parse, data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse("a.json", data)
