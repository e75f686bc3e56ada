"""From an utterance to an operation of the grammar. A change is planned only if every word of it is understood."""

from collections.abc import Container, Sequence

from agents.planner.calls import Plan, PlannedCall, order_of, words_of
from agents.planner.known import Known
from agents.planner.operations import LOOKS, ORDERS, Operation
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading, read_utterance
from tools.registry.catalogue import Catalogue

__all__ = ["plan_operation"]


def plan_operation(text: str, language: str, known: Known, catalogue: Catalogue, tools: Container[str]) -> Plan | None:
    """The plan of what the utterance asks for, or a question back; None where it is no operation of the grammar.

    Args:
        language: "en" or "zh"; of the question back.
        tools: names of the tools there are; an operation that needs another is none.
    """
    reading = read_utterance(text, language, known, catalogue)
    orders: Sequence[Operation] = () if reading.mood == "look" else ORDERS
    for operation in (*orders, *LOOKS):
        if not operation.matches(reading):
            continue
        built = _question_first(reading, operation) if operation.acts else operation.build(reading)
        if isinstance(built, Question):
            return Plan(question=built.text, asks=built.kind, operation=operation.name, proposed=built.proposed)
        if all(call.tool in tools for call in built):
            whole = not operation.acts and bool(operation.words)
            return Plan(tuple(built), operation=operation.name, whole=whole)
        present = tuple(call for call in built if call.tool in tools)
        return Plan(present, operation=operation.name) if present and not operation.acts else None
    return None


def _question_first(reading: Reading, operation: Operation) -> Sequence[PlannedCall] | Question:
    """What an operation that changes something comes to: its calls only where it was ordered in so many words."""
    built = operation.build(reading)
    calls = built.proposed if isinstance(built, Question) else built
    order = "; ".join(order_of(call) for call in calls)
    if reading.mood == "talk" or _orders_more(reading):
        to_say = order if calls and all(map(words_of, calls)) else operation.example
        return ask("mood", reading.language, order=to_say or operation.name)
    if calls and (left := reading.unexplained(*operation.words)):
        return ask("unclear", reading.language, words=" … ".join(left), order=order)
    return built


def _orders_more(reading: Reading) -> bool:
    """Whether what is to be carried to a device goes on with something that may be an order to the hub."""
    for rest in reading.message.rests() if reading.message else ():
        read = read_utterance(rest, reading.language, reading.known, reading.catalogue)
        if read.mood != "look" and any(operation.matches(read) for operation in ORDERS):
            return True
    return False
