"""Measuring the model that runs on this device."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from edge.evaluation import SMALL_SET, Answered, Evaluation, EvaluationItem, evaluate
from edge.journal import Journal
from edge.kernel.errors import ModelUnavailable
from edge.runtime.port import ChatModel
from edge.tools.deadline import time_left
from edge.tools.registry import DeviceTool, device_tool

__all__ = ["evaluation_tools"]

LONGEST_S = 600.0


def evaluation_tools(
    model: Callable[[], ChatModel | None], journal: Journal, items: Sequence[EvaluationItem] = SMALL_SET
) -> list[DeviceTool]:
    """The tool over the model that runs, whichever that is when it is asked for.

    Its result is an event of the kind "model", {"step": "evaluated", ...}.
    """

    def evaluation_run(limit: Annotated[int, Field(ge=1, le=100)] = 100) -> dict[str, Any]:
        """Measure the device's model: accuracy on a small set, tokens per second, time to the first token, memory."""
        found = model()
        if found is None:
            raise ModelUnavailable("No model runs on this device.", "Wait until the hub has delivered one.")
        done = evaluate(found, items[:limit], time_left=time_left)
        report = _report(done)
        journal.record("model", {"step": "evaluated", **report})
        return report

    return [device_tool(evaluation_run, effect="write", timeout_s=LONGEST_S)]


def _report(done: Evaluation) -> dict[str, Any]:
    firsts, answers = done.first_token_s, done.answer_s
    return {
        "model": done.model,
        "items": len(done.answered),
        "accuracy": round(done.accuracy, 4),
        "tokens_per_s": None if done.tokens_per_s is None else round(done.tokens_per_s, 1),
        "first_token_ms": None if firsts is None else {"median": _ms(firsts[0]), "slowest": _ms(firsts[1])},
        "answer_ms": None if answers is None else {"median": _ms(answers[0]), "slowest": _ms(answers[1])},
        "resident_mb": None if done.resident_mb is None else round(done.resident_mb, 1),
        "complete": done.complete,
        "wrong": [_wrong(answer) for answer in done.answered if not answer.right],
    }


def _wrong(answer: Answered) -> dict[str, str]:
    return {"item": answer.id, "answer": answer.text[:80], "problem": answer.problem}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
