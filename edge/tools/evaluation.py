"""Evaluation of the device's model, how well and how fast it works here: a small set, scored by rules, and the clock.

The set is far too small to rank models; it shows that a model works here as it should: whether it follows an order,
reads a value out of a text, picks from choices, in English and Chinese, and what that takes.
"""

import re
import time
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.kernel.errors import ModelUnavailable, OutOfTime, PromptTooLong
from edge.outbox import Journal
from edge.runtime.port import ChatModel, Message
from edge.tools.deadline import time_left
from edge.tools.tool import DeviceTool, device_tool

Scoring = Literal["exact", "contains", "choice"]


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One question.

    Attributes:
        expect: any of these is right: the whole answer ("exact"), a part of it ("contains", as a word of its own), or
            for "choice" the right one of `choices`.
    """

    id: str
    prompt: str
    scoring: Scoring
    expect: tuple[str, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer.

    Attributes:
        problem: empty, or why there is no answer.
        first_token_s: None where the model gave nothing.
    """

    id: str
    right: bool
    text: str
    output_tokens: int
    first_token_s: float | None
    elapsed_s: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DeviceEvaluation:
    """What was measured.

    Attributes:
        accuracy: right answers by all items, 0 to 1; one that failed is wrong.
        tokens_per_s: of the answers, without the wait for the first token; None where no answer has two tokens.
        first_token_s: median and slowest.
        resident_mb: of this process and its children, the most that was seen, MiB; None where /proc is not there.
            A model server that others started is not in it.
        complete: False where the time ended before the items did.
    """

    model: str
    answered: tuple[Answered, ...]
    accuracy: float
    tokens_per_s: float | None
    first_token_s: tuple[float, float] | None
    answer_s: tuple[float, float] | None
    resident_mb: float | None
    complete: bool


def resident_mb(root: Path = Path("/")) -> float | None:
    """Resident memory of this process and all below it, MiB; None where /proc is not there."""
    total_kb, waiting, seen = 0, ["self"], False
    while waiting:
        process = root / "proc" / waiting.pop()
        try:
            status = (process / "status").read_text()
            below = [task.read_text() for task in (process / "task").glob("*/children")]
        except OSError:  # it has ended meanwhile
            continue
        found = re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)
        total_kb += int(found[1]) if found else 0
        seen = seen or found is not None
        waiting.extend(" ".join(below).split())
    return total_kb / 1024 if seen else None


def evaluate(
    model: ChatModel,
    items: Sequence[EvaluationItem],
    *,
    time_left: Callable[[], float],
    monotonic: Callable[[], float] = time.monotonic,
    resident: Callable[[], float | None] = resident_mb,
    max_tokens: int = 48,
) -> DeviceEvaluation:
    """Ask all items, one after another.

    Args:
        time_left: seconds; no item is begun when there are none.
        resident: MiB, asked after each answer.

    Raises:
        ModelUnavailable: the model did not answer a single item.
    """
    answered: list[Answered] = []
    most: list[float] = []
    for item in items:
        left = time_left()
        if left <= 0:
            break
        answered.append(_ask(model, item, left, monotonic, max_tokens))
        most.extend(size for size in [resident()] if size is not None)
    if answered and all(answer.problem == "ModelUnavailable" for answer in answered):
        raise ModelUnavailable(f"{model.name} does not answer.", "Look at the runtime's log.")
    return _summed_up(model.name, answered, len(answered) == len(items), max(most, default=None))


def _ask(
    model: ChatModel, item: EvaluationItem, left_s: float, monotonic: Callable[[], float], max_tokens: int
) -> Answered:
    began = monotonic()
    first: list[float] = []

    def heard(text: str) -> bool:
        if text and not first:
            first.append(monotonic() - began)
        return False

    prompt = item.prompt
    if item.choices:
        lines = "\n".join(f"{letter}) {choice}" for letter, choice in zip("ABCDEFGH", item.choices, strict=False))
        prompt = f"{prompt}\n{lines}\nAnswer with the letter."
    try:
        reply = model.chat(
            [Message("user", prompt)], max_tokens=max_tokens, timeout_s=min(60.0, left_s), stop_when=heard
        )
    except (ModelUnavailable, OutOfTime, PromptTooLong) as error:
        return Answered(item.id, False, "", 0, None, monotonic() - began, type(error).__name__)
    elapsed = monotonic() - began
    right = scored(item, reply.text)
    return Answered(item.id, right, reply.text[:200], reply.output_tokens, first[0] if first else None, elapsed)


def _summed_up(name: str, answered: list[Answered], complete: bool, most_mb: float | None) -> DeviceEvaluation:
    streamed = [(one, one.first_token_s) for one in answered if one.first_token_s is not None and one.output_tokens > 1]
    tokens = sum(one.output_tokens - 1 for one, _ in streamed)
    seconds = sum(one.elapsed_s - first for one, first in streamed)
    firsts = [one.first_token_s for one in answered if one.first_token_s is not None]
    lasts = [one.elapsed_s for one in answered if not one.problem]
    return DeviceEvaluation(
        model=name,
        answered=tuple(answered),
        accuracy=sum(one.right for one in answered) / len(answered) if answered else 0.0,
        tokens_per_s=tokens / seconds if seconds > 0 else None,
        first_token_s=(_median(firsts), max(firsts)) if firsts else None,
        answer_s=(_median(lasts), max(lasts)) if lasts else None,
        resident_mb=most_mb,
        complete=complete,
    )


def _median(values: Sequence[float]) -> float:
    """Of at least one value; as `statistics.median`, whose import costs a device 10 ms."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def scored(item: EvaluationItem, answer: str) -> bool:
    """Whether an answer is right. Case, width, spaces and punctuation around it do not count."""
    said = _settled(answer)
    if item.scoring == "choice":
        return _chosen(item, said)
    expected = [_settled(text) for text in item.expect]
    if item.scoring == "exact":
        return said in expected
    return any(_holds(said, text) for text in expected)


def _chosen(item: EvaluationItem, said: str) -> bool:
    """The letter that the answer begins with, else the only choice that stands in it."""
    choices = [_settled(choice) for choice in item.choices]
    letter = re.match(r"(?:(?:the )?(?:correct )?answer(?: is)?:? *)?\(?([a-h])\)?(?![a-z0-9'])", said)
    named = [choice for choice in choices if _holds(said, choice)]
    if letter and ord(letter[1]) - ord("a") < len(choices) and not (letter[1] == "a" and len(named) == 1):
        picked = choices[ord(letter[1]) - ord("a")]
    elif len(named) == 1:
        picked = named[0]
    else:
        return False
    return picked in [_settled(text) for text in item.expect]


def _holds(said: str, text: str) -> bool:
    """Whether the text stands in it, for letters and digits as words of their own."""
    before = r"(?<![a-z0-9])" if text[:1].isascii() else ""
    after = r"(?![a-z0-9])" if text[-1:].isascii() else ""
    return bool(text) and re.search(before + re.escape(text) + after, said) is not None


def _settled(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return text.strip(" .,;:!?。，；：！？\"'`*“”‘’「」()")


@cache
def small_set() -> tuple[EvaluationItem, ...]:
    """What a model on a gateway is asked to do: `evaluation.toml`."""
    read = tomllib.loads((files("edge.tools") / "evaluation.toml").read_text(encoding="utf-8"))["item"]
    return tuple(
        EvaluationItem(one["id"], one["prompt"], one["scoring"], tuple(one["expect"]), tuple(one.get("choices", ())))
        for one in read
    )


LONGEST_S = 600.0


def evaluation_tools(
    model: Callable[[], ChatModel | None], journal: Journal, items: Sequence[EvaluationItem] | None = None
) -> list[DeviceTool]:
    """The tool over the model that runs, whichever that is when it is asked for.

    Its result is an event of the kind "model", {"step": "evaluated", ...}.
    """

    def evaluation_run(limit: Annotated[int, Field(ge=1, le=100)] = 100) -> dict[str, Any]:
        """Measure the device's model: accuracy on a small set, tokens per second, time to the first token, memory."""
        found = model()
        if found is None:
            raise ModelUnavailable("No model runs on this device.", "Wait until the hub has delivered one.")
        done = evaluate(found, (small_set() if items is None else items)[:limit], time_left=time_left)
        report = _report(done)
        journal.record("model", {"step": "evaluated", **report})
        return report

    return [device_tool(evaluation_run, effect="write", timeout_s=LONGEST_S)]


def _report(done: DeviceEvaluation) -> dict[str, Any]:
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
