"""Questions to begin with that the hub's own documents answer, from their titles and headings."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from memory.ledger.documents import StoredDocument

Language = Literal["en", "zh"]

MOST = 3
LOOKED_AT = 24
"""Documents among which the examples are chosen, evenly over all of a tenant's."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LONGEST = 80
_NO_SUBJECT = re.compile(r"^[\W\d_]*$")


def spread(documents: Sequence[StoredDocument], most: int = LOOKED_AT) -> list[StoredDocument]:
    """At most so many of the documents, from all over the list."""
    if len(documents) <= most:
        return list(documents)
    return [documents[place * len(documents) // most] for place in range(most)]


def example_questions(
    documents: Sequence[StoredDocument], headings: Mapping[str, Sequence[str]]
) -> list[dict[str, str]]:
    """`about`, `text` and `language` of at most `MOST` questions, each on another document, in the document's language.

    Args:
        headings: document id -> its headings in order; a document without any is asked about as a whole.
    """
    asked = [_question(document, headings.get(document.id, ())) for document in spread(documents)]
    found = [one for one in asked if one is not None]
    chosen = spread_out(found)
    return [{"about": about, "text": text, "language": language} for about, text, language in chosen]


def spread_out(found: Sequence[tuple[str, str, Language]]) -> list[tuple[str, str, Language]]:
    """At most `MOST`, from all over the list, with each language that there is."""
    count = min(MOST, len(found))
    chosen = [found[place * len(found) // count] for place in range(count)]
    missing = next((one for one in found if one[2] not in {each[2] for each in chosen}), None)
    if missing is not None and len(chosen) > 1:
        chosen[-1] = missing
    return chosen


def _question(document: StoredDocument, headings: Sequence[str]) -> tuple[str, str, Language] | None:
    title = document.title.strip()
    heading = next((one.strip() for one in headings if _tells(one, title)), "")
    if not title or len(title) > _LONGEST:
        return None
    language: Language = "zh" if _CHINESE.search(title + heading) else "en"
    if heading.endswith(("?", "？")):
        text = heading
    elif not heading:
        text = f"《{title}》讲了什么？" if language == "zh" else f"What is “{title}” about?"
    elif language == "zh":
        text = f"《{title}》中关于“{heading}”是怎么说的？"
    else:
        text = f"What does “{title}” say about “{heading}”?"
    return title, text, language


def _tells(heading: str, title: str) -> bool:
    heading = heading.strip()
    return (
        len(heading.encode()) > 3 and len(heading) <= _LONGEST and heading != title and not _NO_SUBJECT.match(heading)
    )
