"""A team's turn as a CrewAI Flow: plan, act, report. CrewAI is imported (3 to 8 s) by the first turn of any team."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, PrivateAttr

from agents.events import Emit, ToolFinished, ToolStarted
from agents.planner.plan import Plan, PlannedCall, TeamName, make_plan
from agents.teams.report import render_report
from memory.errors import ChargehandError, InvalidInput
from tools.catalogue import Catalogue
from tools.spec import ToolContext, ToolSpec

__all__ = ["TeamFinding", "Teams"]


@dataclass(frozen=True, slots=True)
class TeamFinding:
    """What a team found.

    Attributes:
        text: Markdown in the user's language; every figure in it comes from a tool's result.
        models: catalogue ids that the turn was about, for the turn after.
        asked: the text is a question back.
    """

    text: str
    models: tuple[str, ...]
    asked: bool


@dataclass(frozen=True)
class Teams:
    """Runs the teams' turns over one set of tools."""

    tools: Mapping[str, ToolSpec]
    catalogue: Catalogue

    async def run(
        self,
        team: TeamName,
        text: str,
        language: str,
        context: ToolContext,
        emit: Emit,
        focus: Sequence[str] = (),
    ) -> TeamFinding:
        """Plan, act and report on one message.

        Args:
            language: "en" or "zh".
            emit: told of each tool call as it starts and ends.
            focus: catalogue ids that the turn before was about.

        Raises:
            ChargehandError: a tool failed in a way that ends the turn.
        """
        flow_type = await asyncio.to_thread(_flow_type)
        flow = flow_type(suppress_flow_events=True, tracing=False)
        plan = make_plan(team, text, language, self.catalogue, focus)
        return await flow.take_turn(_Turn(plan, language, self.tools, context, emit))


@dataclass(frozen=True)
class _Turn:
    plan: Plan
    language: str
    tools: Mapping[str, ToolSpec]
    context: ToolContext
    emit: Emit

    async def call(self, planned: PlannedCall) -> BaseModel:
        spec = self.tools[planned.tool]
        call_id = uuid.uuid4().hex
        arguments = spec.check(planned.arguments).model_dump(mode="json", exclude_unset=True)
        self.emit(ToolStarted(call_id, spec.name, arguments))
        try:
            result = await spec.call(self.context, planned.arguments)
        except ChargehandError as error:
            self.emit(ToolFinished(call_id, str(error), failed=True))
            raise
        self.emit(ToolFinished(call_id, result.model_dump(mode="json")))
        return result


@cache
def _flow_type() -> Any:
    """Define the Flow when CrewAI is first needed: importing it is what costs."""
    from crewai.flow.flow import Flow, listen, router, start

    class TeamState(BaseModel):
        results: list[Any] = []
        finding: TeamFinding | None = None

    class TeamFlow(Flow[TeamState]):
        """plan -> act -> report; a question back skips act."""

        _turn: _Turn | None = PrivateAttr(default=None)

        async def take_turn(self, turn: _Turn) -> TeamFinding:
            self._turn = turn
            await self.kickoff_async()
            if self.state.finding is None:
                raise InvalidInput("The team ended without a finding.", "Ask again in other words.")
            return self.state.finding

        @property
        def turn(self) -> _Turn:
            assert self._turn is not None  # noqa: S101 # nosec B101: take_turn is the only way in
            return self._turn

        @start()
        def plan(self) -> Plan:
            return self.turn.plan

        @router(plan)
        def decide(self, plan: Plan) -> str:
            return "question" if plan.question else "planned"

        @listen("question")
        def ask_back(self) -> None:
            plan = self.turn.plan
            self.state.finding = TeamFinding(plan.question, plan.models, asked=True)

        @listen("planned")
        async def act(self) -> None:
            calls = (self.turn.call(call) for call in self.turn.plan.calls)
            # All are waited for: a call that went on after the turn has failed would be told of too late.
            results = await asyncio.gather(*calls, return_exceptions=True)
            failures = [result for result in results if isinstance(result, BaseException)]
            if failures:
                raise failures[0]
            self.state.results = results

        @listen(act)
        def report(self) -> None:
            plan = self.turn.plan
            text = render_report(self.state.results, self.turn.language, plan.caveat)
            self.state.finding = TeamFinding(text, plan.models, asked=False)

    return TeamFlow
