"""E-mail (.eml) and mailboxes (.mbox): who wrote when to whom on what, the text, and what is attached."""

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import cast

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.html import parse_html
from memory.documents.parsing.outline import Extract, Heading, file_title, normalise_newlines
from memory.documents.parsing.plaintext import decode_text
from memory.documents.passages import ParsedDocument

Read = Callable[[str, bytes], ParsedDocument]
"""Reads an attachment; raises InvalidInput where it cannot."""

_HEADERS = ("From", "To", "Cc", "Date")
_QUOTED = re.compile(r"[ \t]*>")
_QUOTE_MARKS = re.compile(r"^(?:[ \t]*>)+ ?", re.MULTILINE)
_INTRODUCES = re.compile(
    r"(?:On .{6,200} wrote:|Am .{6,200} schrieb .{2,100}:|Le .{6,200} a écrit\s?:|在.{4,200}写道[：:])\s*", re.DOTALL
)
_FORWARDED = re.compile(
    r"^\s*(?:-{3,} ?(?:Original Message|Ursprüngliche Nachricht|Forwarded message|转发邮件|原始邮件) ?-{3,}"
    r"|_{20,})\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_FROM_LINE = re.compile(rb"^From [^\r\n]*\d{4}[^\r\n]*\r?\n", re.MULTILINE)
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_DEEPEST = 3
_MOST_MESSAGES = 50_000


def parse_mail(name: str, data: bytes, read: Read) -> ParsedDocument:
    """Read one message. The title is its subject, else the file's name.

    What it quotes of others stands in a section of its own, without the marks. Attachments are named; those of a kind
    that can be read are read, as sections of the message.

    Args:
        read: reads attachments.

    Raises:
        InvalidInput: it has no header and no text.
    """
    message = _parsed(name, data)
    extract = Extract()
    _add(extract, message, read, level=1, depth=0)
    if not extract.text.strip():
        raise InvalidInput(f"{name} has no text.", "Give a message with text in it.")
    return extract.document(_subject(message) or file_title(name), "message/rfc822")


def parse_mailbox(name: str, data: bytes, read: Read) -> ParsedDocument:
    """Read all messages of a mailbox, each a section under its subject. The title is the file's name.

    Raises:
        InvalidInput: it is no mailbox, or has far too many messages.
    """
    starts = list(_FROM_LINE.finditer(data))
    if not starts or data[: starts[0].start()].strip():
        raise InvalidInput(f"{name} is no mailbox: it does not begin with a line From.", "Export it as mbox again.")
    if len(starts) > _MOST_MESSAGES:
        raise InvalidInput(f"{name} has more than {_MOST_MESSAGES:,} messages.", "Divide it.")
    extract = Extract()
    ends = [*(found.start() for found in starts[1:]), len(data)]
    for number, (found, end) in enumerate(zip(starts, ends, strict=True), 1):
        message = _parsed(name, _ESCAPED_FROM.sub(rb"\1", data[found.end() : end]))
        extract.add_heading(1, _subject(message) or f"Message {number}")
        _add(extract, message, read, level=2, depth=0)
    return extract.document(file_title(name), "application/mbox")


def _parsed(name: str, data: bytes) -> EmailMessage:
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
    except (MessageError, ValueError, LookupError, RecursionError) as error:
        raise InvalidInput(f"{name} is damaged or no e-mail.", "Save the message again.") from error
    if not message.keys() and not message.is_multipart():
        raise InvalidInput(f"{name} is no e-mail: it has no header.", "Save the message as .eml again.")
    return message


def _subject(message: EmailMessage) -> str:
    return _header(message, "Subject")


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, AttributeError, TypeError, IndexError):  # a header that breaks every rule
        return ""


def _add(extract: Extract, message: EmailMessage, read: Read, *, level: int, depth: int) -> None:
    extract.add("\n".join(f"- {name}: {value}" for name in _HEADERS if (value := _shown_header(message, name))))
    text = _body(message)
    own, quoted = _without_quotes(text)
    extract.add(own)
    attached = list(_attachments(message))
    names = [name for name, _, _ in attached]
    if names:
        extract.add("\n".join(["Attachments:", *(f"- {name}" for name in names)]))
    if quoted:
        extract.add_heading(level, "Quoted from earlier messages")
        extract.add(quoted)
    for name, part, data in attached:
        _add_attachment(extract, name, part, data, read, level=level, depth=depth)


def _shown_header(message: EmailMessage, name: str) -> str:
    value = _header(message, name)
    if name != "Date" or not value:
        return value
    try:
        return parsedate_to_datetime(value).strftime("%Y-%m-%d %H:%M %z").strip()
    except ValueError:
        return value


def _body(message: EmailMessage) -> str:
    """The plain text, else the text of the HTML; "" where there is none."""
    try:
        part = message.get_body(("plain", "html"))
    except (AttributeError, KeyError, ValueError, TypeError):
        return ""
    if part is None or not isinstance(data := part.get_payload(decode=True), bytes) or not data.strip():
        return ""
    try:
        if part.get_content_type() == "text/html":
            return parse_html("message", data).text
        return decode_text(data, "message", part.get_content_charset())
    except InvalidInput:
        return ""


def _without_quotes(text: str) -> tuple[str, str]:
    """What the message says itself, and what it quotes of others."""
    forwarded = _FORWARDED.search(text)
    later = text[forwarded.end() :] if forwarded else ""
    lines = (text[: forwarded.start()] if forwarded else text).split("\n")
    own = "\n".join(line for line in lines if not _QUOTED.match(line))
    quoted = _QUOTE_MARKS.sub("", "\n".join(line for line in lines if _QUOTED.match(line)))
    if quoted:
        own = _INTRODUCES.sub("", own)
    return own.strip("\n"), "\n\n".join(part.strip("\n") for part in (quoted, later) if part.strip())


def _attachments(message: EmailMessage) -> Iterator[tuple[str, EmailMessage, bytes]]:
    """(name, part, content) of what is attached; pictures within an HTML text are left out."""
    try:
        parts = list(message.iter_attachments())
    except (AttributeError, KeyError, ValueError, TypeError):  # not multipart, or broken
        return
    for part in parts:
        name = " ".join((part.get_filename() or "").split())
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            subject = _subject(cast("EmailMessage", inner)) if inner is not None else ""
            yield name or subject or "message", part, b""
        elif name:
            data = part.get_payload(decode=True)
            yield name, part, data if isinstance(data, bytes) else b""


def _add_attachment(
    extract: Extract, name: str, part: EmailMessage, data: bytes, read: Read, *, level: int, depth: int
) -> None:
    """Read an attachment of a known kind; a message that is attached is read as one."""
    if depth >= _DEEPEST:
        return
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        extract.add_heading(level, name)
        _add(extract, cast("EmailMessage", part.get_payload(0)), read, level=level + 1, depth=depth + 1)
        return
    try:
        document = read(name, data)
    except InvalidInput as why:
        if data:
            extract.add(f"The attachment {name} was not read: {normalise_newlines(why.message)}")
        return
    extract.add_heading(level, name)
    start = extract.add(document.text)
    extract.headings.extend(
        Heading(level + len(section.heading_path), section.heading_path[-1], (start or 0) + section.start)
        for section in document.sections
        if section.heading_path
    )
