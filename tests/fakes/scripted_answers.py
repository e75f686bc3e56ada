"""What the scripted hub knows: a few documents, and the events with which it answers each kind of question.

The first key of `ANSWERS` that occurs in a question chooses its answer. `PAUSE` in an answer makes the run wait until
the test lets it go on, so that a test can look at the page while a run is under way.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ANSWERS", "DOCUMENTS", "LONG_QUERY", "PAUSE", "Event", "FakeDocument", "answer_to", "citation"]

Event = dict[str, Any]

PAUSE: Event = {"type": "PAUSE"}


@dataclass(frozen=True)
class FakeDocument:
    """A document as the hub would have parsed it."""

    id: str
    name: str
    title: str
    text: str


_FILLER = "\n".join(f"{n}. Check screw {n} of the rail bracket and note its torque in the log." for n in range(1, 60))

LONG_QUERY = "models that a gateway without a fan can serve in a hall with hot air for a whole summer " * 3

_LIMITS = "The gateway throttles when the inlet air exceeds 45 °C. 🌡️ Keep 50 mm free on both sides."

DOCUMENTS = [
    FakeDocument(
        "d-en",
        "manuals/se30-manual.md",
        "SE30 edge gateway: manual",
        f"# SE30 edge gateway 🛠️\n\nWritten for 𝔉ield engineers.\n\n## Mounting\n\n{_FILLER}\n\n"
        f"## Cooling\n\n{_LIMITS}\n\n## Power\n\n{_FILLER}\n",
    ),
    FakeDocument(
        "d-zh",
        "manuals/se30-quick-guide-zh.md",
        "SE30 边缘网关快速指南",
        "# SE30 边缘网关快速指南\n\n"
        + "安装前请确认导轨支架牢固，并记录扭矩。🔧\n" * 80
        + "\n## 环境\n\n工作温度：-20 °C 至 60 °C。存储温度：-40 °C 至 85 °C。\n\n"
        + "定期清洁进风口滤网。\n" * 60,
    ),
]


def citation(number: int, document: FakeDocument, quote: str, heading: str) -> Event:
    """A citation of the place where `quote` stands in the document; offsets count code points."""
    start = document.text.index(quote)
    return {
        "number": number,
        "document_id": document.id,
        "document": document.name,
        "title": document.title,
        "heading": heading,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
    }


def _route(
    intent: str, confidence: float, language: str = "en", path: str = "documents", operations: Sequence[str] = ()
) -> list[Event]:
    value = {
        "intent": intent,
        "confidence": confidence,
        "language": language,
        "path": path,
        "operations": list(operations),
        "reason": "Passage 1 answers it; no operation fits better.",
    }
    return [
        {"type": "STEP_STARTED", "stepName": "interpret"},
        {"type": "CUSTOM", "name": "route", "value": value},
        {"type": "STEP_FINISHED", "stepName": "interpret"},
    ]


def _step(name: str, *inside: Event) -> list[Event]:
    return [{"type": "STEP_STARTED", "stepName": name}, *inside, {"type": "STEP_FINISHED", "stepName": name}]


def _text(text: str, *, pause_after: int | None = None, size: int = 6) -> list[Event]:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    events: list[Event] = [{"type": "TEXT_MESSAGE_START", "messageId": "answer", "role": "assistant"}]
    for number, piece in enumerate(pieces):
        if number == pause_after:
            events.append(PAUSE)
        events.append({"type": "TEXT_MESSAGE_CONTENT", "messageId": "answer", "delta": piece})
    return [*events, {"type": "TEXT_MESSAGE_END", "messageId": "answer"}]


def _draft(text: str) -> list[Event]:
    start: list[Event] = [
        {"type": "REASONING_START", "messageId": "draft"},
        {"type": "REASONING_MESSAGE_START", "messageId": "draft", "role": "reasoning"},
    ]
    pieces = [text[at : at + 8] for at in range(0, len(text), 8)]
    middle = [{"type": "REASONING_MESSAGE_CONTENT", "messageId": "draft", "delta": piece} for piece in pieces]
    return [
        *start,
        *middle,
        {"type": "REASONING_MESSAGE_END", "messageId": "draft"},
        {"type": "REASONING_END", "messageId": "draft"},
    ]


def _tool(call_id: str, name: str, arguments: Event, result: object) -> list[Event]:
    return [
        {"type": "TOOL_CALL_START", "toolCallId": call_id, "toolCallName": name},
        {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": json.dumps(arguments)},
        {"type": "TOOL_CALL_END", "toolCallId": call_id},
        {
            "type": "TOOL_CALL_RESULT",
            "messageId": f"result-{call_id}",
            "toolCallId": call_id,
            "content": json.dumps(result),
            "role": "tool",
        },
    ]


def _citations(*citations: Event) -> Event:
    return {"type": "CUSTOM", "name": "citations", "value": {"messageId": "answer", "citations": list(citations)}}


def _notice(kind: str, message: str) -> Event:
    return {"type": "CUSTOM", "name": "notice", "value": {"kind": kind, "message": message}}


_ENGLISH, _CHINESE = DOCUMENTS

_ANSWER = (
    "The gateway **throttles** when the inlet air exceeds 45 °C [1]. Check these first:\n\n"
    "1. The filter of the air inlet [1]\n2. The room beside it: 50 mm on both sides [1]\n"
    "3. The rail bracket, screw by screw [2]\n\n"
    "| Sensor | Limit | Unit |\n| --- | ---: | --- |\n| inlet | 45 | °C |\n| package | 95 | °C |\n\n"
    "Read the sensors with:\n\n```sh\nchargehand devices list --json\n```\n"
)


def _knowledge(pause_after: int | None = None) -> list[Event]:
    return [
        *_route("knowledge", 0.97),
        *_step("retrieve"),
        *_step("ground", *_draft("The SE30 probably throttles because the hall is hot, or the filter is blocked.")),
        *_step("respond", *_text(_ANSWER, pause_after=pause_after)),
        _citations(
            citation(1, _ENGLISH, _LIMITS, "Cooling"),
            citation(2, _ENGLISH, "Check screw 3 of the rail bracket and note its torque in the log.", "Mounting"),
        ),
    ]


def _chinese() -> list[Event]:
    return [
        *_route("knowledge", 0.91, language="zh"),
        *_step("retrieve"),
        *_step("respond", *_text("SE30 的**工作温度**为 -20 °C 至 60 °C [1]。", size=3)),
        _citations(citation(1, _CHINESE, "工作温度：-20 °C 至 60 °C。", "环境")),
    ]


def _tools() -> list[Event]:
    return [
        *_route("deployment", 0.58, path="operation", operations=["list_models", "device_state"]),
        *_step(
            "deployment",
            *_tool("t1", "list_models", {"task": "chat", "query": LONG_QUERY}, {"models": ["phi4-mini"]}),
            *_tool("t2", "device_state", {"device": "se30-hall3"}, {"error": "It is offline."}),
        ),
        _notice("partial", "The device se30-hall3 did not answer, so its models are missing."),
        *_step("respond", *_text("This hub can serve `phi4-mini` and `smollm2-135m` now.")),
    ]


def _degraded() -> list[Event]:
    return [
        *_route("governance", 0.83),
        _notice("dropped", "Two sentences were not in the evidence."),
        _notice("model_failed", "The model stopped answering after 12 s; the evidence is quoted."),
        *_step("respond", *_text("> Keep 50 mm free on both sides. [1]\n\nNot a citation: [7].")),
        _citations(citation(1, _ENGLISH, "Keep 50 mm free on both sides.", "Cooling")),
    ]


def _failing() -> list[Event]:
    return [
        *_route("evaluation", 0.76),
        {"type": "STEP_STARTED", "stepName": "evaluation"},
        {"type": "RUN_ERROR", "message": "The model ran out of memory.", "code": "unavailable"},
    ]


def _ending(proposed: Sequence[Event] = (), choices: Sequence[str] = ()) -> Event:
    value = {"ending": "asked", "approvals": [], "proposed": list(proposed), "choices": list(choices)}
    return {"type": "CUSTOM", "name": "ending", "value": value}


def _proposal(question: str, *orders: str, language: str = "en") -> list[Event]:
    proposed = [{"tool": "version_set_stage", "arguments": {"version": "crew@1"}, "order": order} for order in orders]
    return [
        *_route("deployment", 0.88, language=language, path="operation", operations=["version_set_stage"]),
        *_step("ask", *_text(question)),
        _ending(proposed=proposed),
    ]


def _question() -> list[Event]:
    return [
        *_route("deployment", 0.71, path="question"),
        *_step("ask", *_text("Which target is it? One of these: `support`, `returns`, `gateways`.")),
        _ending(choices=["support", "returns", "gateways"]),
    ]


def _long() -> list[Event]:
    columns = [f"A column of readings number {number}" for number in range(8)]
    rows = [[f"reading-{row}-{column}" for column in range(8)] for row in range(60)]
    lines = [columns, ["---"] * 8, *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    items = "\n".join(f"- device press-{number}" for number in range(80))
    return [*_route("deployment", 0.9, path="operation"), *_step("respond", *_text(f"{table}\n\n{items}", size=400))]


def _key() -> list[Event]:
    text = "An API key for **bob**:\n\n```text\nchk_1a2b3c4d_secretsecretsecretsecret\n```\n\nIt is shown this once."
    return [*_route("governance", 0.9, path="operation"), *_step("respond", *_text(text))]


def _waiting(language: str) -> list[Event]:
    said = {
        "en": "**Waiting for an approval**: `retire crew@1` is not done yet; somebody else has to agree (ap-1).",
        "zh": "**等待审批**：`停用 crew@1` 还没有执行，需要另一位负责人同意（ap-1）。",
    }
    value = {"ending": "waiting_for_approval", "approvals": ["ap-1"], "proposed": [], "choices": []}
    return [
        *_route("deployment", 0.9, language=language, path="operation", operations=["retire_version"]),
        *_step("deployment", *_tool("t1", "retire_version", {"version": "crew@1"}, {"waits_for": "ap-1"})),
        *_step("respond", *_text(said[language])),
        {"type": "CUSTOM", "name": "ending", "value": value},
    ]


def _which() -> list[Event]:
    first, second = "retire crew@1", "pause the rollout on support"
    return [
        *_route("deployment", 0.0, path="question"),
        *_step("ask", *_text(f"Do you mean: “{first}”, or: “{second}”?")),
        _ending(choices=[first, second]),
    ]


ANSWERS: dict[str, Callable[[], list[Event]]] = {
    "FAIL": _failing,
    "PROPOSED-EN": lambda: _proposal("Shall I do that?", "retire crew@1", "pause the rollout on support"),
    "PROPOSED-ZH": lambda: _proposal("要执行吗？", "停用 crew@1", language="zh"),
    "PROPOSED-TOLD": lambda: _proposal("`retire crew@1`: this ends its service. Shall I?", "retire crew@1"),
    "ASKED": _question,
    "WHICH": _which,
    "LONG": _long,
    "KEY": _key,
    "WAITING-EN": lambda: _waiting("en"),
    "WAITING-ZH": lambda: _waiting("zh"),
    "PAUSED": lambda: _knowledge(pause_after=6),
    "DEGRADED": _degraded,
    "Which models": _tools,
    "温度": _chinese,
    "": _knowledge,
}


def answer_to(question: str) -> list[Event]:
    """The events of the run, between RUN_STARTED and RUN_FINISHED."""
    return next(make for key, make in ANSWERS.items() if key in question)()
