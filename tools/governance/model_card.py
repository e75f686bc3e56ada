"""A version as a model card in Markdown, after the sections of Mitchell et al. 2019.

What is not known is said to be not known. Text that people wrote is escaped, so that it cannot pass for a heading, a
table or markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.governance.evidence import LicensedPart
    from tools.governance.version_description import VersionDescription


_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")


def model_card(version: VersionDescription) -> str:
    """The card; the same description gives the same text."""
    sections = [
        f"# {_plain(version.name)} {_plain(version.version)}",
        _plain(version.description) or "No description is recorded.",
        _section("Details", _details(version)),
        _section("Made of", _parts(version)),
        _section("Intended use", _written(version.intended_uses)),
        _section("Limitations", _written(version.limitations)),
        _section("Evaluation", _evaluation(version)),
        _section("Fairness", _fairness(version)),
        _section("Security", _security(version)),
        _section("Licences and obligations", _obligations(version)),
        _section("Gates", _gates(version)),
    ]
    return "\n\n".join(sections) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"## {title}", "", *lines])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> list[str]:
    if not rows:
        return [empty]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _plain(text: str) -> str:
    """One line without markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _written(texts: Sequence[str]) -> list[str]:
    return [f"- {_plain(text)}" for text in texts] or ["Nothing is recorded."]


def _details(version: VersionDescription) -> list[str]:
    rows = [
        ("Digest", f"`{version.digest}`"),
        ("Supplier", _plain(version.supplier)),
        ("Task", _plain(version.task)),
        ("Architecture", _plain(version.architecture)),
        ("Parameters", "" if version.parameters is None else f"{version.parameters:,}"),
        ("Context, tokens", "" if version.context_tokens is None else f"{version.context_tokens:,}"),
        ("Takes", _plain(", ".join(version.modalities))),
        ("Gives", _plain(", ".join(version.output_modalities))),
        ("Languages", _plain(", ".join(version.languages))),
        ("Quantisation", _plain(version.quantisation) or "none"),
        ("Described", f"{version.described_at:%Y-%m-%d}"),
    ]
    return _table(("", ""), [(label, value or "not recorded") for label, value in rows], "")


def _parts(version: VersionDescription) -> list[str]:
    def licence(part: LicensedPart) -> str:
        if part.licence is None:
            return "not known"
        return _plain(part.licence.name) + ("" if part.verified else " (not verified)")

    parts = [(part.part, _plain(part.name), licence(part)) for part in version.parts]
    files = [
        (f"`{item.digest[:19]}…`", _plain(item.name), item.role, _plain(item.format), f"{item.size_bytes:,}")
        for item in version.artifacts
    ]
    return [
        *_table(("part", "name", "licence"), parts, "No parts are recorded."),
        "",
        *_table(("digest", "file", "role", "format", "bytes"), files, "No files are recorded."),
    ]


def _evaluation(version: VersionDescription) -> list[str]:
    rows = [
        (
            item.metric.replace("_", "\\_"),
            f"{item.value:.6g}",
            "" if item.lower is None else f"{item.lower:.6g} to {item.upper:.6g}",
            "" if item.n is None else str(item.n),
            _plain(item.dataset),
            f"{item.finished_at:%Y-%m-%d}",
            "" if item.digest == version.digest else "of another version",
        )
        for item in sorted(version.evaluations, key=lambda one: (one.metric, one.dataset, one.finished_at))
    ]
    return _table(("metric", "value", "interval", "n", "data set", "date", ""), rows, "Nothing was measured.")


def _fairness(version: VersionDescription) -> list[str]:
    rows = [
        (
            item.attribute.replace("_", "\\_"),
            item.metric.replace("_", "\\_"),
            f"{item.gap:.6g}",
            _plain(item.worst_group),
        )
        for item in sorted(version.bias, key=lambda one: (one.attribute, one.metric, one.dataset))
    ]
    return _table(("attribute", "metric", "largest gap", "worst group"), rows, "Nothing was measured.")


def _security(version: VersionDescription) -> list[str]:
    rows = [
        (item.check, item.outcome, _plain(item.source), f"{item.finished_at:%Y-%m-%d}")
        for item in sorted(version.security, key=lambda one: (one.check, one.source, one.finished_at))
    ]
    return _table(("check", "outcome", "source", "date"), rows, "Nothing was checked.")


def _obligations(version: VersionDescription) -> list[str]:
    found = dict.fromkeys(
        f"- {_plain(one.name)}: {_plain(one.text)} (source: {_plain(one.source)})"
        for gate in version.gates
        for one in gate.obligations
    )
    if found:
        return list(found)
    lines = dict.fromkeys(
        f"- {_plain(part.name)}: {_plain(text)} (source: {_plain(part.licence.source)})"
        for part in version.parts
        if part.licence is not None
        for text in (part.licence.attribution, *part.licence.conditions)
        if text.lower() != "none"
    )
    return list(lines) or ["None are recorded."]


def _gates(version: VersionDescription) -> list[str]:
    lines: list[str] = []
    for gate in sorted(version.gates, key=lambda one: (one.decided_at, one.digest)):
        about = "" if gate.subject_digest == version.digest else " (of another version)"
        purpose = f"{gate.licence.purpose.replace('_', ' ')} in {gate.licence.region}"
        lines.append(f"- **{gate.verdict}** for {purpose}{about}, {gate.decided_at:%Y-%m-%d}, `{gate.digest}`")
        lines += [f"    - {_plain(reason.text)}" for reason in gate.deciding()]
    return lines or ["No gate has decided on this version."]
