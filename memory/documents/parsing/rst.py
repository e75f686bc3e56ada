"""reStructuredText: what a reader of the built page would read, by docutils and the reader of HTML.

Directives and roles of Sphinx, which docutils does not know, are read for their text: a "confval" has a body, a "ref" a
label. Nothing is included from other files, and nothing raw is taken over.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from memory.documents.parsing.html import parse_html
from memory.documents.parsing.outline import file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.passages import ParsedDocument

if TYPE_CHECKING:
    from docutils import nodes

_DOCUTILS = Lock()
"""docutils keeps the directives and roles that it knows in one table."""
_NOT_SHOWN = frozenset(
    "toctree index highlight currentmodule module automodule autoclass autofunction autosummary tabularcolumns"
    " codeauthor sectionauthor cssclass rst-class meta only-never include literalinclude raw ifconfig title testsetup"
    " testcleanup".split()
)
_VERSIONS = {"versionadded": "New in version", "versionchanged": "Changed in version", "deprecated": "Deprecated since"}
_CODE = frozenset(
    "code-block sourcecode doctest testcode testoutput prompt graphviz mermaid uml productionlist".split()
)
_LABELLED = re.compile(r"(?s)(?P<text>.+?)\s*<[^<>]*>$")
_NO_TITLE = "<string>"
"""What docutils calls a document without a title."""
_SHORTENED = re.compile(r"^[~!]")


def parse_rst(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists, tables and code; comments, targets and options of directives are left out.

    The title is the only outermost heading, else the file's name.

    Raises:
        InvalidInput: the file is empty, not text, or has no text to read.
    """
    text = decode_text(data, name)
    page = parse_html(name, _as_page(text).encode())
    title = page.title if page.title != _NO_TITLE else file_title(name)
    return replace(page, title=title, media_type="text/x-rst")


def _as_page(text: str) -> str:
    from docutils.core import publish_string
    from docutils.parsers.rst import directives, roles

    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "embed_stylesheet": False,
        "stylesheet_path": None,
        "math_output": "mathml",
        "syntax_highlight": "none",
        "output_encoding": "unicode",
        "_disable_config": True,
        "smart_quotes": False,
        "footnote_references": "brackets",
    }
    with _DOCUTILS:
        known = directives.directive, roles.role
        directives.directive = _directive(known[0])
        roles.role = _role(known[1])
        try:
            return cast("str", publish_string(text, writer="html5", settings_overrides=settings))
        finally:
            directives.directive, roles.role = known


def _directive(known: Any) -> Any:
    def find(name: str, language: Any, document: Any) -> tuple[Any, list[Any]]:
        found, _ = known(name, language, document)
        if name in _NOT_SHOWN:
            return _nothing(), []
        return (_body(name) if found is None or name in _CODE else _tolerant(found)), []

    return find


def _role(known: Any) -> Any:
    def find(name: str, language: Any, lineno: int, reporter: Any) -> tuple[Any, list[Any]]:
        found, _ = known(name, language, lineno, reporter)
        return found or _text_role, []

    return find


def _text_role(
    name: str, raw: str, text: str, lineno: int, inliner: Any, *_: Any
) -> tuple[list[nodes.Node], list[Any]]:
    """The words of a role: `label <target>` is the label, `~package.name` the name."""
    from docutils import nodes

    labelled = _LABELLED.match(text)
    words = labelled["text"] if labelled else _SHORTENED.sub("", text)
    if not labelled and text.startswith("~"):
        words = words.rpartition(".")[2]
    return [nodes.inline(raw, words)], []


class _AnyOption(dict[str, Any]):
    """Takes every option of a directive as it is."""

    def __missing__(self, name: str) -> Any:
        return str

    def __bool__(self) -> bool:
        return True


@lru_cache(maxsize=256)
def _tolerant(directive: Any) -> Any:
    """A directive of docutils that Sphinx gave more options."""
    if not isinstance(directive, type):
        return directive
    known = cast("dict[str, Any]", getattr(directive, "option_spec", None) or {})
    return type(directive.__name__, (directive,), {"option_spec": _AnyOption(known)})


@lru_cache(maxsize=1)
def _nothing() -> Any:
    """A directive that shows nothing."""
    return _body("", is_shown=False)


@lru_cache(maxsize=256)
def _body(directive: str, *, is_shown: bool = True) -> Any:
    """A directive that is read for its argument and its body."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Body(Directive):
        has_content = True
        optional_arguments = 200
        option_spec = _AnyOption()

        def run(self) -> list[nodes.Node]:
            words = " ".join(self.arguments)
            if not is_shown:
                return []
            if directive in _CODE:
                return [nodes.literal_block("", "\n".join(self.content))]
            container = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, container)
            if directive in _VERSIONS:
                version, _, rest = words.partition(" ")
                head = f"{_VERSIONS[directive]} {version}" + (
                    f": {rest}" if rest else ":" if container.children else "."
                )
            else:
                head = "See also:" if directive == "seealso" else words
            if head:
                inline, _ = self.state.inline_text(head, self.lineno)
                container.insert(0, nodes.paragraph(head, "", *inline))
            return [container]

    return Body
