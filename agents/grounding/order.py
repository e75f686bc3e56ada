"""Where the words of a claim stand in a sentence: in what order, and with what between them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from agents.grounding.wording import Token
from edge.kernel.grounding import quantity

__all__ = ["keeps_order", "names_in", "rivals", "same_kinds_in_order", "shortest_run"]


def names_in(text: Sequence[Token]) -> set[str]:
    """The values of the tokens, with the parts of codes."""
    return {name for token in text for name in (token.value, *token.parts)}


def same_kinds_in_order(said: Sequence[Token], there: Sequence[Token]) -> bool:
    """Whether those of the claim's figures that the sentence has stand there in the claim's order; codes likewise."""
    names = names_in(there)
    for kind in ("figure", "code"):
        own = iter([token for token in there if token.kind == kind])
        wanted = [token.value for token in said if token.kind == kind and token.value in names]
        if not all(any(value in (token.value, *token.parts) for token in own) for value in wanted):
            return False
    return True


def shortest_run(said: Sequence[Token], there: Sequence[Token]) -> tuple[int, int]:
    """The shortest run of the sentence, in characters, that has all that the claim repeats; (0, 0) for nothing."""
    repeated = names_in(said) & names_in(there)
    best = (0, 0)
    for first, opening in enumerate(there if repeated else ()):
        missing = set(repeated)
        for token in there[first:]:
            missing -= {token.value, *token.parts}
            if not missing:
                if best == (0, 0) or token.start - opening.start < best[1] - best[0]:
                    best = (opening.start, token.start + 1)
                break
    return best


def rivals(said: Sequence[Token], there: Sequence[Token]) -> set[str]:
    """Codes of the sentence that the claim omits, and figures that could be taken for one of the claim's."""
    names = names_in(said)
    quantities = {quantity(token.unit) for token in said if token.kind == "figure"}
    return {
        token.value
        for token in there
        if token.value not in names
        and (
            token.kind == "code"
            or (token.kind == "figure" and (not token.unit or {quantity(token.unit), ""} & quantities))
        )
    }


def keeps_order(said: Sequence[Token], there: Sequence[Token], between: AbstractSet[str]) -> bool:
    """Whether what the claim repeats stands in the sentence in the claim's order with none of `between` inside."""
    own = names_in(there)
    repeated = [token.value for token in said if token.value in own]
    for first in range(len(there)):
        wanted = iter(repeated)
        value = next(wanted, None)
        for token in there[first:]:
            if value in (token.value, *token.parts):
                value = next(wanted, None)
                if value is None:
                    return True
            elif token.value in between:
                break
    return not repeated
