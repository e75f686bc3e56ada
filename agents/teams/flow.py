"""A team's turn as a CrewAI Flow: plan, act, deliberate, verify, report.

CrewAI is imported (3 to 8 s) by the first turn of any team.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PrivateAttr

from agents.events import Emit, Notice, ToolFinished, ToolStarted
from agents.phrases import phrase
from agents.planner.calls import Plan, PlannedCall, TeamName
from agents.planner.filling import propose
from agents.planner.known import Known
from agents.planner.moods import mood_of, only_asks
from agents.planner.operations.watching import may_look_at_devices
from agents.planner.ordering import plan_operation
from agents.planner.plan import make_plan
from agents.planner.reading import without_reason
from agents.router.language import detect_language
from agents.teams.outcomes import Outcome, Pending, Refused, TeamFinding, Waiting, ending_of
from agents.teams.report import render_report
from agents.teams.verifying import keep_supported
from edge.kernel.errors import ApprovalNeeded, CallerError, ChargehandError, InvalidInput
from tools.registry.catalogue import Catalogue
from tools.spec import ToolContext, ToolSpec

if TYPE_CHECKING:
    from agents.models.resolve import ResolvedModel

__all__ = ["TeamFinding", "Teams"]

_GOVERNANCE = (
    "api_key",
    "approval",
    "audit",
    "delegation",
    "gate",
    "licence",
    "manage_",
    "polic",
    "register_tenant",
    "tenant",
)
"""How the names of the governance team's tools begin."""


@dataclass(frozen=True)
class Teams:
    """Runs the teams' turns over one set of tools.

    Attributes:
        know: the names that there are, as far as a caller may see them; without it only models of the catalogue.
        model: deliberates, and fills in what an utterance leaves open, if it is capable.
    """

    tools: Mapping[str, ToolSpec]
    catalogue: Catalogue
    know: Callable[[ToolContext], Known] | None = None
    model: "ResolvedModel | None" = None

    def may_be_order(self, text: str, *, changes_only: bool) -> bool:
        """Whether `team_of_order` has to look closer, which most questions spare it."""
        return self.know is not None and not (changes_only and _asks(text) and not may_look_at_devices(text))

    def team_of_order(self, text: str, context: ToolContext, *, changes_only: bool) -> TeamName | None:
        """The team that an utterance belongs to because the grammar has calls for it; None where it has none.

        Args:
            changes_only: only for what changes something, or is a look of which every word is understood: all of its
                words are understood then.
        """
        if self.know is None or not self.may_be_order(text, changes_only=changes_only):
            return None
        plan = plan_operation(text, detect_language(text), self.know(context), self.catalogue, self.tools)
        if plan is None or not plan.calls:
            return None
        reads = all(self.tools[call.tool].effect == "read" for call in plan.calls)
        if changes_only and not (plan.whole if reads else not _asks(text)):
            return None
        return "governance" if plan.calls[0].tool.startswith(_GOVERNANCE) else "deployment"

    async def run(
        self,
        team: TeamName,
        text: str,
        language: str,
        context: ToolContext,
        emit: Emit,
        focus: Sequence[str] = (),
    ) -> TeamFinding:
        """Plan, act, deliberate and report on one message.

        Args:
            language: "en" or "zh".
            emit: told of each tool call as it starts and ends.
            focus: catalogue ids that the turn before was about.

        Raises:
            ChargehandError: a tool failed in a way that ends the turn.
        """
        known = await asyncio.to_thread(self.know, context) if self.know else None
        plan = make_plan(team, text, language, self.catalogue, focus, known, self.tools)
        if plan.question and plan.operation and known and self.model and self.model.capable:
            plan = await propose(self.model, text, language, known, self.catalogue, self.tools, plan)
        return await self._flow(_Turn(team, text, plan, language, self.tools, context, emit, self.model))

    async def resume(
        self, team: TeamName, pending: Sequence[Pending], language: str, context: ToolContext, emit: Emit
    ) -> TeamFinding:
        """Make the calls that a turn before left undone; those of other principals are left alone.

        Raises:
            ChargehandError: as `run`.
        """
        own = [PlannedCall(one.tool, dict(one.arguments)) for one in pending if one.principal == context.principal]
        plan = Plan(tuple(own), question="" if own else phrase("nothing_pending", language))
        return await self._flow(_Turn(team, "", plan, language, self.tools, context, emit, None))

    async def _flow(self, turn: "_Turn") -> TeamFinding:
        flow_type = await asyncio.to_thread(_flow_type)
        return await flow_type(suppress_flow_events=True, tracing=False).take_turn(turn)


@dataclass(frozen=True)
class _Turn:
    team: TeamName
    text: str
    plan: Plan
    language: str
    tools: Mapping[str, ToolSpec]
    context: ToolContext
    emit: Emit
    model: "ResolvedModel | None"

    async def call(self, planned: PlannedCall) -> Outcome:
        """The result; what waits or is refused is an outcome, too, where something was to be changed."""
        spec = self.tools[planned.tool]
        call_id = uuid.uuid4().hex
        try:
            arguments = spec.check(planned.arguments).model_dump(mode="json", exclude_unset=True)
        except InvalidInput as error:
            if spec.effect == "read":
                raise
            return Refused(planned, error)
        self.emit(ToolStarted(call_id, spec.name, arguments))
        try:
            result = await spec.call(self.context, planned.arguments)
        except ApprovalNeeded as needed:
            self.emit(ToolFinished(call_id, {"waits_for": needed.approval_id}))
            return Waiting(planned, needed.approval_id)
        except ChargehandError as error:
            self.emit(ToolFinished(call_id, str(error), failed=True))
            if spec.effect != "read" and isinstance(error, CallerError):
                return Refused(planned, error)
            raise
        self.emit(ToolFinished(call_id, result.model_dump(mode="json")))
        return result

    def pending(self, outcomes: Sequence[Outcome]) -> tuple[Pending, ...]:
        """What a later turn may do: what waits for an approval, and what the user was asked to confirm."""
        principal = self.context.principal
        waiting = [
            Pending(one.call.tool, one.call.arguments, principal, one.approval)
            for one in outcomes
            if isinstance(one, Waiting)
        ]
        return (*waiting, *(Pending(call.tool, call.arguments, principal) for call in self.plan.proposed))

    async def deliberate(self, evidence: str) -> tuple[str, int]:
        """What a crew finds in the evidence, and how many of its sentences did not stand; empty without a model."""
        from agents.teams.crew import CREWS, deliberate

        if self.model is None or not self.model.capable or self.team not in CREWS or not self.text:
            return "", 0
        try:
            said = await deliberate(self.model, self.team, self.text, evidence, self.language)
        except ChargehandError as error:
            self.emit(Notice("model_failed", phrase("crew_failed", self.language, why=error.message)))
            return "", 0
        kept, dropped = keep_supported(said, evidence)
        if dropped:
            self.emit(Notice("dropped", phrase("crew_dropped", self.language, count=dropped)))
        return kept, dropped


def _asks(text: str) -> bool:
    """Whether it only asks; what it ends with may stand in its reason ("Why did it stop because of heat?")."""
    said, _ = without_reason(text)
    return only_asks(said) or (only_asks(text) and mood_of(said) == "look")


@cache
def _flow_type() -> Any:  # noqa: C901 - the steps of one flow
    """Define the Flow when CrewAI is first needed: importing it is what costs."""
    from crewai.flow.flow import Flow, listen, router, start

    class TeamState(BaseModel):
        outcomes: list[Any] = []
        evidence: str = ""
        deliberation: str = ""
        dropped: int = 0
        finding: TeamFinding | None = None

    class TeamFlow(Flow[TeamState]):
        """plan -> act -> deliberate (with verify) -> report; a question back skips all but the plan."""

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
            pending = self.turn.pending(())
            self.state.finding = TeamFinding(plan.question, plan.models, asked=True, pending=pending, ending="asked")

        @listen("planned")
        async def act(self) -> None:
            calls = (self.turn.call(call) for call in self.turn.plan.calls)
            # All are waited for: a call that went on after the turn has failed would be told of too late.
            ended = await asyncio.gather(*calls, return_exceptions=True)
            outcomes: list[Outcome] = []
            for outcome in ended:
                if isinstance(outcome, BaseException):
                    raise outcome
                outcomes.append(outcome)
            self.state.outcomes = outcomes
            self.state.evidence = render_report(outcomes, self.turn.language, self.turn.plan.caveat)

        @listen(act)
        async def deliberate(self) -> None:
            """Read the evidence, and verify what was found in it."""
            self.state.deliberation, self.state.dropped = await self.turn.deliberate(self.state.evidence)

        @listen(deliberate)
        def report(self) -> None:
            plan, state = self.turn.plan, self.state
            text = "\n\n".join(part for part in (state.deliberation, state.evidence) if part)
            pending = self.turn.pending(state.outcomes)
            state.finding = TeamFinding(
                text, plan.models, asked=False, pending=pending, dropped=state.dropped, ending=ending_of(state.outcomes)
            )

    return TeamFlow
