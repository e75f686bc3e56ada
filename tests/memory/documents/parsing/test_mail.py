"""E-mail and mailboxes."""

from email.message import EmailMessage

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing import parse_document
from tests.fakes.documents import check_document


@pytest.fixture
def message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann <ann@example.org>"
    message["To"] = "Bob <bob@example.org>"
    message["Date"] = "Mon, 2 Mar 2026 10:00:00 +0100"
    message["Subject"] = "Valve V5 – pressure"
    message.set_content(
        "The valve V5 opens at 6 bar.\n\nOn Mon, 1 Mar 2026 at 09:00, Bob wrote:\n> When does V5 open?\n>> Ask Ann.\n"
    )
    return message


def read(message: EmailMessage | bytes, name: str = "a.eml"):
    document = parse_document(name, message if isinstance(message, bytes) else message.as_bytes())
    check_document(document)
    return document


def test_headers_text_and_what_is_quoted(message: EmailMessage) -> None:
    document = read(message)
    assert document.title == "Valve V5 – pressure"
    assert document.text == (
        "- From: Ann <ann@example.org>\n- To: Bob <bob@example.org>\n- Date: 2026-03-02 10:00 +0100\n\n"
        "The valve V5 opens at 6 bar.\n\nQuoted from earlier messages\n\nWhen does V5 open?\nAsk Ann."
    )
    assert [section.heading_path for section in document.sections] == [(), ("Quoted from earlier messages",)]


def test_attachments_are_named_and_read_where_their_kind_is_known(message: EmailMessage) -> None:
    message.add_attachment(b"# Limits\n\nV6 opens at 8 bar.\n", "text", "markdown", filename="limits.md")
    message.add_attachment(b"\x89PNG", "image", "png", filename="photo.png")
    document = read(message)
    assert "Attachments:\n- limits.md\n- photo.png" in document.text
    assert "V6 opens at 8 bar." in document.text
    assert "The attachment photo.png was not read" in document.text
    assert document.sections[-1].heading_path == ("limits.md",)


def test_html_is_read_where_there_is_no_plain_text() -> None:
    message = EmailMessage()
    message["Subject"] = "Kiln"
    message.set_content("<p>Heat to <b>900</b> °C.</p>", subtype="html", cte="quoted-printable")
    assert read(message).text == "Heat to 900 °C."


def test_a_message_within_a_message_is_read(message: EmailMessage) -> None:
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(message)
    document = read(outer)
    assert "The valve V5 opens at 6 bar." in document.text
    assert ("Valve V5 – pressure",) in [section.heading_path for section in document.sections]


def test_a_mailbox_is_a_section_for_each_message(message: EmailMessage) -> None:
    other = EmailMessage()
    other["Subject"] = "Lamps"
    other.set_content("\n>From now on lamps are green.\n")
    box = b"".join(
        b"From ann@example.org Mon Mar  2 10:00:00 2026\n" + each.as_bytes() + b"\n" for each in (message, other)
    )
    document = read(box, "team.mbox")
    assert [section.heading_path[0] for section in document.sections] == ["Valve V5 – pressure"] * 2 + ["Lamps"]
    assert "\nFrom now on lamps are green." in document.text


@pytest.mark.parametrize(("name", "data"), [("a.eml", b"\n\njust text"), ("a.mbox", b"no mailbox")])
def test_what_is_no_mail_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_document(name, data)


def test_a_broken_message_does_no_harm() -> None:
    data = b"Subject: =?x?q?\xff?=\nDate: never\nContent-Type: multipart/mixed; boundary=\nFrom: <<<@\n\n--\nThe lamp is green.\n"
    assert read(data).title
