"""Equations in one line: Office MathML of Word and MathML of pages, as "F = (m v^2)/(2 r)".

Fractions, powers, indices, roots, sums with their limits, matrices and delimiters are written out; what cannot be read
gives None, and the reader of the document marks the gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from memory.documents.parsing.scripts import lowered, raised


class Node(Protocol):
    """What is used of an element of lxml."""

    @property
    def tag(self) -> object: ...
    @property
    def text(self) -> str | None: ...
    def __iter__(self) -> Iterator[Node]: ...
    def get(self, key: str) -> str | None: ...


_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DEEPEST = 60
_VALUE_ENDS = re.compile(r"[\w)\]⁰-₉¹²³]$")
_BINARY = re.compile(r"\s*([=≈≠≤≥<>≪≫±∓×÷·⋅→⇒↔∈∝≡])\s*")
_ALONE = re.compile(r"[\d.,]+|[^\W\d_][⁰¹²³⁴-₉′']*(?:_\w+)?|√\([^()]*\)|[^\s()+\-−/·×]+\([^()]*\)")
_ACCENTS = {"\u0302": "hat", "\u0305": "bar", "\u0304": "bar", "\u20d7": "vec", "\u0307": "dot", "\u0308": "ddot"}


def office_math(node: Node) -> str | None:
    """An `m:oMath` or `m:oMathPara` in one line; None where nothing of it can be read."""
    return _tidy(_office(node, 0))


def math_ml(node: Node) -> str | None:
    """A `math` element in one line; None where nothing of it can be read."""
    written = _tidy(_pages(node, 0))
    return written or " ".join((node.get("alttext") or "").split()) or None


def _tidy(text: str) -> str | None:
    text = " ".join(_BINARY.sub(r" \1 ", text).split())
    return re.sub(r"([(\[]) | ([)\],;])", r"\1\2", text) or None


def _group(text: str) -> str:
    """A part of an equation in parentheses, where it needs them."""
    text = " ".join(text.split())
    return text if not text or _ALONE.fullmatch(text) or _is_wrapped(text) else f"({text})"


def _is_wrapped(text: str) -> bool:
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _fraction(above: str, below: str) -> str:
    return f"{_group(above)}/{_group(below)}" if above.strip() or below.strip() else ""


def _power(base: str, exponent: str) -> str:
    return f"{_base(base)}{raised(exponent)}"


def _base(base: str) -> str:
    return _group(base.strip())


def _root(of: str, degree: str) -> str:
    of = " ".join(of.split())
    inner = of if _is_wrapped(of) else f"({of})"
    signs = {"": "√", "2": "√", "3": "∛", "4": "∜"}
    return f"{signs[degree.strip()]}{inner}" if degree.strip() in signs else f"root_{_group(degree)}{inner}"


def _with_limits(sign: str, below: str, above: str, of: str = "") -> str:
    below, above = " ".join(below.split()), " ".join(above.split())
    limits = (f"_({below})" if below else "") + (f"^({above})" if above else "")
    return f"{sign}{limits} {of}".rstrip() if limits or of else sign


def _accent(mark: str, of: str) -> str:
    name = _ACCENTS.get(mark.strip())
    return f"{name}({of.strip()})" if name else of + mark


def _local(node: Node) -> str:
    return node.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(node.tag, str) else ""


def _child(node: Node, name: str) -> Node | None:
    return next((child for child in node if _local(child) == name), None)


def _property(node: Node, group: str, name: str, default: str) -> str:
    properties = _child(node, group)
    found = _child(properties, name) if properties is not None else None
    value = found.get(f"{_MATH}val") if found is not None else None
    return default if value is None else value


def _is_on(node: Node, group: str, name: str) -> bool:
    properties = _child(node, group)
    found = _child(properties, name) if properties is not None else None
    return found is not None and found.get(f"{_MATH}val") not in ("0", "off", "false")


def _office(node: Node, depth: int) -> str:
    """Write an element of Office MathML."""
    name = _local(node)
    if depth > _DEEPEST or name.endswith("Pr") or name in ("del", "moveFrom", "delText"):
        return ""
    if name == "t":
        return node.text or ""
    if name == "r" and _is_struck(node):
        return ""

    def part(child: str) -> str:
        found = _child(node, child)
        return _office_children(found, depth) if found is not None else ""

    write = _OFFICE.get(name)
    return write(node, part) if write else _office_children(node, depth)


def _office_children(node: Node, depth: int) -> str:
    return "".join(_office(child, depth + 1) for child in node)


def _is_struck(run: Node) -> bool:
    properties = _child(run, "rPr")
    for child in properties if properties is not None else ():
        if _local(child) in ("strike", "dstrike", "vanish") and child.get(f"{_WORD}val") not in ("0", "false", "off"):
            return True
    return False


_Part = Callable[[str], str]


def _office_fraction(node: Node, part: _Part) -> str:
    if _property(node, "fPr", "type", "bar") == "noBar":
        return f"({part('num')} over {part('den')})"
    return _fraction(part("num"), part("den"))


def _office_nary(node: Node, part: _Part) -> str:
    below = "" if _is_on(node, "naryPr", "subHide") else part("sub")
    above = "" if _is_on(node, "naryPr", "supHide") else part("sup")
    return _with_limits(_property(node, "naryPr", "chr", "∫"), below, above, part("e"))


def _office_delimiters(node: Node, part: _Part) -> str:
    begin, end = _property(node, "dPr", "begChr", "("), _property(node, "dPr", "endChr", ")")
    separator = _property(node, "dPr", "sepChr", "|")
    inner = [_office_children(child, 0) for child in node if _local(child) == "e"]
    return _fenced(begin, separator.join(inner), end)


def _office_matrix(node: Node, part: _Part) -> str:
    rows = [
        ", ".join(_office_children(cell, 0).strip() for cell in row if _local(cell) == "e")
        for row in node
        if _local(row) == "mr"
    ]
    return f"[{'; '.join(rows)}]"


def _fenced(begin: str, inner: str, end: str) -> str:
    """Put delimiters around; a matrix has its own."""
    is_matrix = begin in "([" and inner.strip().startswith("[") and inner.strip().endswith("]")
    return inner if is_matrix else begin + inner + end


def _office_lines(node: Node, part: _Part) -> str:
    return "; ".join(_office_children(child, 0).strip() for child in node if _local(child) == "e")


def _office_root(node: Node, part: _Part) -> str:
    return _root(part("e"), "" if _is_on(node, "radPr", "degHide") else part("deg"))


_OFFICE: dict[str, Callable[[Node, _Part], str]] = {
    "f": _office_fraction,
    "nary": _office_nary,
    "d": _office_delimiters,
    "m": _office_matrix,
    "eqArr": _office_lines,
    "rad": _office_root,
    "sSup": lambda _, part: _power(part("e"), part("sup")),
    "sSub": lambda _, part: _base(part("e")) + lowered(part("sub")),
    "sSubSup": lambda _, part: _base(part("e")) + lowered(part("sub")) + raised(part("sup")),
    "sPre": lambda _, part: lowered(part("sub")) + raised(part("sup")) + part("e"),
    "func": lambda _, part: f"{part('fName').strip()} {_group(part('e'))}",
    "limLow": lambda _, part: f"{part('e').strip()}_({part('lim').strip()})",
    "limUpp": lambda _, part: f"{part('e').strip()}^({part('lim').strip()})",
    "acc": lambda node, part: _accent(_property(node, "accPr", "chr", "\u0302"), part("e")),
    "bar": lambda _, part: f"bar({part('e').strip()})",
    "phant": lambda _, _part: "",
    "oMath": lambda node, _: f" {_office_children(node, 0)} ",
}


def _pages(node: Node, depth: int) -> str:
    """Write an element of MathML."""
    name = _local(node)
    if depth > _DEEPEST or name in ("annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup"):
        return ""
    if name in ("mi", "mn", "mtext", "ms"):
        return " ".join(_all_text(node).split())
    if name == "mo":
        return _operator(" ".join(_all_text(node).split()))
    if name == "mspace":
        return " "
    parts = [child for child in node if _local(child)]
    write = _PAGES.get(name)
    return write(node, [_pages(child, depth + 1) for child in parts]) if write else _row(parts, depth)


def _row(parts: list[Node], depth: int) -> str:
    written: list[str] = []
    for child in parts:
        piece = _pages(child, depth + 1)
        if (
            written
            and piece
            and _local(child) not in ("mo", "mfenced", "mtext")
            and re.search(r"[\w)\]⁰-₉¹²³]$", written[-1])
        ):
            piece = f" {piece}"
        written.append(piece)
    return "".join(written)


def _operator(sign: str) -> str:
    return {"\u2062": " ", "\u2061": " ", "\u2063": ",", "\u2064": "+", ",": ", ", ";": "; "}.get(sign, sign)


def _all_text(node: Node) -> str:
    return (node.text or "") + "".join(_all_text(child) + (getattr(child, "tail", None) or "") for child in node)


def _at(parts: list[str], place: int) -> str:
    return parts[place] if place < len(parts) else ""


def _pages_scripts(node: Node, parts: list[str]) -> str:
    written = _base(_at(parts, 0))
    ahead = False
    for place, child in enumerate((each for each in node if _local(each)), 0):
        if _local(child) == "mprescripts":
            ahead = True
        elif place and (place % 2 == 0) != ahead:
            written = f"{raised(parts[place])}{written}" if ahead else written + raised(parts[place])
        elif place:
            written = f"{lowered(parts[place])}{written}" if ahead else written + lowered(parts[place])
    return written


def _pages_fraction(node: Node, parts: list[str]) -> str:
    if (node.get("linethickness") or "").rstrip("ptxem") == "0":
        return f"({_at(parts, 0)} over {_at(parts, 1)})"
    return _fraction(_at(parts, 0), _at(parts, 1))


def _pages_under(node: Node, parts: list[str]) -> str:
    return _with_limits(_at(parts, 0).strip(), _at(parts, 1), "")


def _pages_over(node: Node, parts: list[str]) -> str:
    mark = _at(parts, 1).strip()
    marks = {"^": "hat", "ˆ": "hat", "¯": "bar", "‾": "bar", "→": "vec", "˙": "dot", "¨": "ddot", "~": "tilde"}
    if mark in marks:
        return f"{marks[mark]}({_at(parts, 0).strip()})"
    return _with_limits(_at(parts, 0).strip(), "", mark)


def _pages_fenced(node: Node, parts: list[str]) -> str:
    begin, end = node.get("open"), node.get("close")
    return _fenced("(" if begin is None else begin, ", ".join(parts), ")" if end is None else end)


_PAGES: dict[str, Callable[[Node, list[str]], str]] = {
    "mfrac": _pages_fraction,
    "msup": lambda _, parts: _power(_at(parts, 0), _at(parts, 1)),
    "msub": lambda _, parts: _base(_at(parts, 0)) + lowered(_at(parts, 1)),
    "msubsup": lambda _, parts: _base(_at(parts, 0)) + lowered(_at(parts, 1)) + raised(_at(parts, 2)),
    "mmultiscripts": _pages_scripts,
    "msqrt": lambda _, parts: _root("".join(parts), ""),
    "mroot": lambda _, parts: _root(_at(parts, 0), _at(parts, 1)),
    "munder": _pages_under,
    "mover": _pages_over,
    "munderover": lambda _, parts: _with_limits(_at(parts, 0).strip(), _at(parts, 1), _at(parts, 2)) + " ",
    "mfenced": _pages_fenced,
    "mtable": lambda _, parts: f"[{'; '.join(parts)}]",
    "mtr": lambda _, parts: ", ".join(part.strip() for part in parts),
    "mlabeledtr": lambda _, parts: ", ".join(part.strip() for part in parts[1:]),
    "semantics": lambda _, parts: _at(parts, 0),
    "maction": lambda _, parts: _at(parts, 0),
}
