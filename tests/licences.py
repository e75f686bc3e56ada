"""`python -m tests.licences`: fails where a locked package that is installed is under the GPL or the AGPL alone.

The LGPL is allowed: psycopg is used as it comes, in its own wheel, which whoever installs it may exchange.
What a package states is taken from its metadata: the licence expression, else the classifiers, else the short licence
field, else the first words of its licence files. Bundled libraries that a wheel lists in its files are not looked at.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

__all__ = ["is_copyleft", "licence_of", "main"]

_COPYLEFT = re.compile(r"\bA?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)
_EXCEPTION = re.compile(r"\bGPL\S* WITH (?:GCC|Classpath|LLVM|Bootloader)", re.IGNORECASE)
_LOCK = Path(__file__).parents[1] / "uv.lock"
_SHORT = 100
_HEADING = 300


def is_copyleft(licence: str) -> bool:
    """Whether a licence, or every alternative that it gives with OR, is the GPL or the AGPL."""
    return all(_COPYLEFT.search(part) and not _EXCEPTION.search(part) for part in re.split(r"\bOR\b", licence))


def licence_of(distribution: Distribution) -> str:
    """What a package says of its licence; empty where it says nothing."""
    metadata = distribution.metadata.json
    classifiers = [
        line.rpartition("::")[2].strip()
        for line in metadata.get("classifier", [])
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    field = str(metadata.get("license", "")).strip()
    stated = (
        str(metadata.get("license_expression", ""))
        or " OR ".join(classifiers)
        or (field if len(field) <= _SHORT else "")
    )
    return stated or " ".join(_headings(distribution)) or field[:_HEADING]


def _headings(distribution: Distribution) -> Iterable[str]:
    for file in distribution.files or ():
        if "dist-info" in str(file) and re.match(r"(?i)licen[cs]e|copying", file.name):
            yield file.read_text(encoding="utf-8")[:_HEADING]


def main() -> int:
    """Print each package that fails, and each that says nothing; returns the exit code."""
    locked = {package["name"] for package in tomllib.loads(_LOCK.read_text(encoding="utf-8"))["package"]}
    installed = {re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one for one in distributions()}
    found = {name: licence_of(installed[name]) for name in installed.keys() & locked}
    copyleft = {name: licence for name, licence in found.items() if licence and is_copyleft(licence)}
    for name, licence in sorted(copyleft.items()):
        print(f"{name}: {licence}")
    print(f"{len(found)} packages, {len(copyleft)} under the GPL or AGPL alone; these say nothing of their licence:")
    print(", ".join(sorted(name for name, licence in found.items() if not licence)) or "none")
    return 1 if copyleft else 0


if __name__ == "__main__":
    sys.exit(main())
