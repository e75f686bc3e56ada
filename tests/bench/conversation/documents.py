"""Questions to documents of one's own, asked in the chat: whether they get there, are answered, or are declined.

python -m tests.bench.conversation.documents [--questions FILE] [--show]

The documents and questions of `tests/bench/answers_of_others` were written by somebody who has not read the code: five
sets of trades far from computers, in English and Chinese, asked in other words than the documents'. `unseen.jsonl` is only
for measuring. Each line: {"documents": SET, "question", "answer": [strings, one of which a right answer has] | "absent": true}.
"""

import argparse
import asyncio
import json
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.phrases import phrase
from server.chat.conversation import TurnResult, open_conversation
from server.hub import open_components
from tests.bench.machine import machine
from tests.fakes.offline import offline_settings
from tests.fakes.weights import WEIGHT_CACHE
from tools.spec import LOCAL_ENGINEER

FOLDER = Path(__file__).parents[1] / "answers_of_others"


def _is_unsure(reply: TurnResult) -> bool:
    """Whether what is quoted is only what comes near."""
    return any(phrase("quoted_near", language) in reply.answer for language in ("en", "zh"))


def _holds(reply: TurnResult, answers: Sequence[str]) -> bool:
    said = " ".join([reply.answer, *(citation["quote"] for citation in reply.citations)]).lower()
    return any(answer.lower() in said for answer in answers)


async def ask_set(name: str, questions: Sequence[Mapping[str, Any]], counts: Counter[str], wrong: list[str]) -> None:
    """Ask one set's questions, each in a thread of its own, of a fresh home that has its documents."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_components(offline_settings(home=Path(folder) / "home", cache=WEIGHT_CACHE)) as hub,
    ):
        hub.store.ingest([FOLDER / name], LOCAL_ENGINEER.tenant, hub.settings.document_limit_bytes)
        async with open_conversation(hub.dependencies) as conversation:
            for one in questions:
                reply = await conversation.take_turn(str(uuid.uuid4()), one["question"], lambda event: None)
                if one.get("absent"):
                    good = not reply.citations or _is_unsure(reply)
                    counts.update(["absent", *["declined"] * good, *["declined wholly"] * (not reply.citations)])
                else:
                    good = _holds(reply, one["answer"])
                    plainly = good and not _is_unsure(reply)
                    reached = reply.route["path"] in {"documents", "both"}
                    counts.update(
                        ["asked", *["answered"] * good, *["answered plainly"] * plainly, *["reached"] * reached]
                    )
                if not good:
                    wrong.append(f"{one['id']} {one['question']} -> {reply.route['path']}: {reply.answer[:160]!r}")


async def ask_all(asked: Sequence[Mapping[str, Any]]) -> tuple[Counter[str], list[str]]:
    """Counts over the questions of all sets, and what went wrong."""
    sets: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for question in asked:
        sets[question["documents"]].append(question)
    counts, wrong = Counter[str](), list[str]()
    for name, questions in sets.items():
        await ask_set(name, questions, counts, wrong)
    return counts, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=FOLDER / "seen.jsonl")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    asked = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines()]
    counts, wrong = asyncio.run(ask_all(asked))
    print(machine())
    for name in ("reached", "answered", "answered plainly"):
        print(f"{name:18s} {counts[name] / counts['asked']:.3f} of {counts['asked']}")
    for name in ("declined", "declined wholly"):
        print(f"{name:18s} {counts[name] / counts['absent']:.3f} of {counts['absent']} that are absent")
    if options.show:
        print("\n".join(wrong))


if __name__ == "__main__":
    main()
