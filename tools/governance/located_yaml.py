"""YAML with the line of everything in it, so that a mistake can be shown where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from edge.kernel.errors import InvalidInput
from memory.yaml_text import parse_yaml

__all__ = ["Located", "Place", "mistakes", "read_located"]

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Plain data and where it stands.

    Attributes:
        positions: (line, column), 1-based, of the value at each place.
    """

    data: Any
    positions: dict[Place, tuple[int, int]]

    def line_of(self, place: Place) -> int:
        """Of the nearest thing that stands in the file: a missing entry has the line of what lacks it."""
        while place and place not in self.positions:
            place = place[:-1]
        return self.positions.get(place, (1, 1))[0]


def read_located(text: str, name: str) -> Located:
    """Parse one document.

    Args:
        name: of the file, for messages.

    Raises:
        InvalidInput: it is not YAML, or a mapping has one key twice; the message has the line.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        positions = dict(_positions(root, (), name, set())) if root is not None else {}
        return Located(parse_yaml(text), positions)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidInput(f"{name}{line}: not YAML: {problem}.", "Correct the file.") from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(f"{name}: not acceptable YAML: {type(error).__name__}.", "Correct the file.") from error


def mistakes(error: ValidationError, located: Located, under: Place = ()) -> list[tuple[int, str]]:
    """What pydantic has to say of the data, by line.

    Args:
        under: place of the part that was validated.
    """
    found: list[tuple[int, str]] = []
    for entry in error.errors():
        place: Place = (*under, *entry["loc"])
        said = entry["msg"].removeprefix("Value error, ")
        where = ".".join(str(part) for part in place) or "the file"
        found.append((located.line_of(place), f"{where}: {said[:1].lower()}{said[1:]}"))
    return sorted(found)


def _positions(node: Any, place: Place, name: str, walked: set[int]) -> Iterator[tuple[Place, tuple[int, int]]]:
    yield place, (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in walked:  # an alias: what stands under it is placed where the anchor is
        return
    walked.add(id(node))
    if node.id == "sequence":
        for number, inner in enumerate(node.value):
            yield from _positions(inner, (*place, number), name, walked)
    elif node.id == "mapping":
        seen: set[str] = set()
        for key, inner in node.value:
            word = str(key.value)
            if word in seen:
                line = key.start_mark.line + 1
                raise InvalidInput(f"{name}:{line}: {word} stands here twice.", "Keep one of them.")
            seen.add(word)
            yield from _positions(inner, (*place, word), name, walked)
