"""The score board of the conversation, case by case in throwaway copies of one world.

python -m tests.bench.conversation [--cases FILE] [--model M] [--planner FILE] [--json]

With `--planner` a capable model is played: a server on this machine plans as the file says, one case a line,
`{"id": ..., "plans": [PLAN of each turn]}`; `tests/fakes/planner_servers.py` says what a plan is. Crews and drafts are not
played. A turn without a plan is answered by one that declines.
"""

import argparse
import asyncio
import json
import re
import shutil
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.teams.turn import Teams
from edge.runtime.port import Reply
from memory.home import open_home
from memory.store import open_store
from server.chat.conversation import open_conversation
from server.hub import Components
from tests.bench.conversation.judge import VERDICTS, Call, Turn, judge
from tests.bench.conversation.world import build_world
from tests.bench.machine import machine
from tests.fakes.offline import offline_settings
from tests.fakes.planner_servers import PlannerServer, serve_planner
from tests.fakes.weights import WEIGHT_CACHE

CASES = Path("../shared/cases/conversation/cases.jsonl")
_NOT_DONE = re.compile(r"^\W*(?:not done|没有执行|未执行)", re.IGNORECASE)
_DECLINES = frozenset({"out_of_scope"})


class Board:
    """Runs cases on copies of one world; the embedder is opened once.

    Args:
        planner: plays the model, by the plans of each case's id.
    """

    def __init__(
        self,
        world: Path,
        ids: Mapping[str, str],
        model: str,
        planner: PlannerServer | None = None,
        plans: Mapping[str, list[Any]] | None = None,
    ) -> None:
        self._world, self._ids, self._model = world, ids, model
        self._planner, self._plans = planner, plans or {}
        self._first = self._components(world)

    def _components(self, home: Path) -> Components:
        if self._planner is None:
            return Components(offline_settings(home=home, cache=WEIGHT_CACHE, model=self._model))
        played = {"model": "openai:played", "openai_base_url": self._planner.url, "draft_with": "none"}
        return Components(offline_settings(home=home, cache=WEIGHT_CACHE, **played))

    async def run(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """One line of the board."""
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            shutil.copytree(self._world, home, ignore=shutil.ignore_patterns("locks"))
            hub = self._components(home)
            hub.embedder, hub.catalogue = self._first.embedder, self._first.catalogue
            hub.store = open_store(open_home(home, WEIGHT_CACHE), lambda: hub.embedder, hub.ledger)
            try:
                return await self._play(case, hub)
            finally:
                hub.close()

    async def _play(self, case: Mapping[str, Any], hub: Components) -> dict[str, Any]:
        thread, reply, took = str(uuid.uuid4()), None, 0.0
        dependencies = hub.dependencies
        if self._planner is not None:
            dependencies = replace(dependencies, teams=Teams(hub.tools, hub.operations.talk, None))
            turns = zip(case["turns"], self._plans.get(case["id"], ()), strict=False)
            self._planner.plans = {self._named(said): self._named_in(plan) for said, plan in turns}
        async with dependencies.serving, open_conversation(dependencies) as conversation:
            for said in case["turns"]:
                began = time.perf_counter()
                reply = await conversation.take_turn(thread, self._named(said), lambda event: None)
                took = time.perf_counter() - began
        assert reply is not None
        calls = [
            Call(call["name"], call["arguments"], hub.tools[call["name"]].effect != "read") for call in reply.tool_calls
        ]
        calls += [
            Call(call["tool"], call["arguments"], hub.tools[call["tool"]].effect != "read") for call in reply.proposed
        ]
        shown = [
            {"tool": call.tool, "arguments": dict(call.arguments)} for call in calls if call.tool != "knowledge_search"
        ]
        return {
            "id": case["id"],
            "class": case["class"],
            "verdict": judge(json.loads(self._named(json.dumps(case["expect"]))), _turn(reply, calls)),
            "said": case["turns"],
            "calls": shown,
            "answer": reply.answer,
            "ms": round(1000 * took, 1),
        }

    def _named_in(self, plan: Any) -> Any:
        return plan if isinstance(plan, str) else json.loads(self._named(json.dumps(plan)))

    def _named(self, said: str) -> str:
        for name, id_ in self._ids.items():
            said = said.replace(name, id_)
        return said


def _turn(reply: Reply, calls: list[Call]) -> Turn:
    asks = reply.ending == "asked" or bool(_NOT_DONE.match(reply.answer))
    declined = reply.route.get("intent") in _DECLINES and not calls
    return Turn(calls, asks, answered=not declined and bool(reply.answer))


async def run_board(
    cases: list[dict[str, Any]], model: str, plans: Mapping[str, list[Any]] | None = None
) -> list[dict[str, Any]]:
    """The lines of all cases, in order; where there are plans, a planner is played by them."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        world = Path(folder) / "world"
        ids = await build_world(world)
        planner = stack.enter_context(serve_planner()) if plans is not None else None
        board = Board(world, ids, model, planner, plans)
        return [await board.run(case) for case in cases]


def print_table(lines: list[dict[str, Any]]) -> None:
    """Counts of verdicts by class, and the share that is right."""
    by_class: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        by_class[line["class"]][line["verdict"]] += 1
        by_class["all"][line["verdict"]] += 1
    print(f"{'class':16s}" + "".join(f"{name:>18s}" for name in VERDICTS) + f"{'right':>8s}")
    for name in sorted(by_class, key=lambda one: (one == "all", one)):
        counts = by_class[name]
        right = sum(counts[verdict] for verdict in VERDICTS[:3]) / sum(counts.values())
        print(f"{name:16s}" + "".join(f"{counts[verdict]:18d}" for verdict in VERDICTS) + f"{right:8.2f}")
    times = sorted(line["ms"] for line in lines)
    print(f"ms a turn: median {times[len(times) // 2]:.1f}, highest {times[-1]:.1f}")


def _read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--model", default="none")
    parser.add_argument("--planner", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    plans = {one["id"]: one["plans"] for one in _read_lines(options.planner)} if options.planner else None
    lines = asyncio.run(run_board(_read_lines(options.cases), options.model, plans))
    if options.json:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
    else:
        print(machine())
        print_table(lines)


if __name__ == "__main__":
    main()
