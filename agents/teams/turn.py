"""A team's turn: plan, act, deliberate where a capable model can, report."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from agents.events import Emit, Notice, ToolFinished, ToolStarted
from agents.phrases import phrase
from agents.planner.calls import Plan, PlannedCall, TeamName
from agents.planner.known import KnownEntities
from agents.planner.operations.fleet import may_look_at_devices
from agents.planner.parsed_message import without_reason
from agents.planner.plan import make_plan, plan_operation
from agents.planner.slot_filling import propose
from agents.planner.speech_act import only_asks, speech_act_of
from agents.teams.crew import CREWS, Deliberation, Inquiry, deliberate
from agents.teams.crew_tools import audit_look_up
from agents.teams.evidence import Evidence
from agents.teams.finding import proposals_text
from agents.teams.outcomes import Outcome, Pending, Refused, TeamFinding, Waiting, ending_of
from agents.teams.report import render_report
from edge.kernel.errors import ApprovalNeeded, CallerError, ChargehandError, InvalidInput
from edge.kernel.language import detect_language
from tools.registry.catalogue import Catalogue
from tools.spec import ToolContext, ToolSpec

if TYPE_CHECKING:
    from agents.models.resolve import ResolvedModel

__all__ = ["Order", "TeamFinding", "Teams"]

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


@dataclass(frozen=True, slots=True)
class Order:
    """The calls that a message orders, and the team whose tools they are."""

    team: TeamName
    plan: Plan


@dataclass(frozen=True)
class Teams:
    """Runs the teams' turns over one set of tools.

    Attributes:
        know: the names that there are, as far as a caller may see them; without it only models of the catalogue.
        model: deliberates, and fills in what an utterance leaves open, if it is capable.
        more_models: of the crews, beside it: they share the load and stand in.
    """

    tools: Mapping[str, ToolSpec]
    catalogue: Catalogue
    know: Callable[[ToolContext], KnownEntities] | None = None
    model: "ResolvedModel | None" = None
    more_models: "tuple[ResolvedModel, ...]" = ()

    def may_be_order(self, text: str, *, changes_only: bool) -> bool:
        """Whether `plan_order` has to look closer, which most questions spare it."""
        return self.know is not None and not (changes_only and _asks(text) and not may_look_at_devices(text))

    def plan_order(self, text: str, context: ToolContext, *, changes_only: bool) -> Order | None:
        """The calls that the grammar has for an utterance; None where it has none.

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
        return Order("governance" if plan.calls[0].tool.startswith(_GOVERNANCE) else "deployment", plan)

    async def plan(
        self, team: TeamName, text: str, language: str, context: ToolContext, focus: Sequence[str] = ()
    ) -> Plan:
        """The calls of a message that was sent to a team, or a question back.

        Args:
            language: "en" or "zh".
            focus: catalogue ids that the turn before was about.
        """
        known = await asyncio.to_thread(self.know, context) if self.know else None
        plan = make_plan(team, text, language, self.catalogue, focus, known, self.tools)
        if plan.question and plan.operation and known and self.model and self.model.capable:
            plan = await propose(self.model, text, language, known, self.catalogue, self.tools, plan)
        return plan

    async def run(
        self, team: TeamName, plan: Plan, text: str, language: str, context: ToolContext, emit: Emit
    ) -> TeamFinding:
        """Act as planned, deliberate and report.

        Args:
            text: the message that the plan is of.
            language: "en" or "zh".
            emit: told of each tool call as it starts and ends.

        Raises:
            ChargehandError: a tool failed in a way that ends the turn.
        """
        turn = _Turn(plan, language, self.tools, context, emit)
        if plan.question:
            return turn.ask_back()
        outcomes = await turn.act()
        evidence = render_report(outcomes, language, plan.caveat)
        thought = await self._deliberate(team, text, outcomes, turn)
        return turn.report(outcomes, evidence, thought)

    async def resume(self, pending: Sequence[Pending], language: str, context: ToolContext, emit: Emit) -> TeamFinding:
        """Make the calls that a turn before left undone; those of other principals are left alone.

        Raises:
            ChargehandError: as `run`.
        """
        own = [PlannedCall(one.tool, dict(one.arguments)) for one in pending if one.principal == context.principal]
        plan = Plan(tuple(own), question="" if own else phrase("nothing_pending", language))
        turn = _Turn(plan, language, self.tools, context, emit)
        if plan.question:
            return turn.ask_back()
        outcomes = await turn.act()
        return turn.report(outcomes, render_report(outcomes, language))

    async def _deliberate(
        self, team: TeamName, text: str, outcomes: Sequence[Outcome], turn: "_Turn"
    ) -> Deliberation | None:
        """What the team's crew finds; None where nobody can think."""
        if self.model is None or not self.model.capable or team not in CREWS:
            return None
        evidence = Evidence()
        for call, outcome in zip(turn.plan.calls, outcomes, strict=True):
            evidence.add(call.tool, call.arguments, outcome)
        may_call = {name: spec for name, spec in self.tools.items() if spec.scopes <= turn.context.scopes}
        inquiry = Inquiry(team, text, evidence, turn.language, may_call, partial(turn.look_up, team))
        try:
            thought = await deliberate([self.model, *self.more_models], inquiry)
        except ChargehandError as error:
            turn.emit(Notice("model_failed", phrase("crew_failed", turn.language, why=error.message)))
            return None
        for remark in thought.remarks:
            turn.emit(Notice("partial", remark))
        if thought.dropped:
            turn.emit(Notice("dropped", phrase("crew_dropped", turn.language, count=thought.dropped)))
        return thought


@dataclass(frozen=True)
class _Turn:
    plan: Plan
    language: str
    tools: Mapping[str, ToolSpec]
    context: ToolContext
    emit: Emit

    def ask_back(self) -> TeamFinding:
        """The plan's question; no tool is called."""
        return TeamFinding(self.plan.question, self.plan.models, pending=self._pending(()), ending="asked")

    async def act(self) -> list[Outcome]:
        """What came of the plan's calls, which run at the same time, in their order."""
        # All are waited for: a call that went on after the turn has failed would be told of too late.
        ended = await asyncio.gather(*(self._call(call) for call in self.plan.calls), return_exceptions=True)
        outcomes: list[Outcome] = []
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def look_up(self, team: TeamName, spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        """A call by a crew of a tool that changes nothing; the audit log has it, too."""
        why = "cancelled"
        try:
            result = cast("BaseModel", await self._call(PlannedCall(spec.name, dict(arguments)), spec))
            why = ""
        except ChargehandError as error:
            why = error.message
            raise
        finally:
            await audit_look_up(spec, self.context, arguments, team, why)
        return result

    def report(self, outcomes: Sequence[Outcome], evidence: str, thought: Deliberation | None = None) -> TeamFinding:
        """The crew's finding and what it proposes, and all evidence for it."""
        finding, looked_up, proposals = (
            (thought.finding, thought.looked_up, thought.proposals) if thought else ("", (), ())
        )
        proposed = proposals_text(proposals, self.language)
        looked = render_report(looked_up, self.language)
        return TeamFinding(
            "\n\n".join(part for part in (finding, proposed, evidence, looked) if part),
            self.plan.models,
            pending=self._pending(outcomes, proposals),
            ending=ending_of(outcomes),
        )

    async def _call(self, planned: PlannedCall, spec: ToolSpec | None = None) -> Outcome:
        """The result; what waits or is refused is an outcome, too, where something was to be changed."""
        spec = spec or self.tools[planned.tool]
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

    def _pending(self, outcomes: Sequence[Outcome], proposals: Sequence[PlannedCall] = ()) -> tuple[Pending, ...]:
        """What a later turn may do: what waits for an approval, and what the user was asked to confirm."""
        principal = self.context.principal
        waiting = [
            Pending(one.call.tool, one.call.arguments, principal, one.approval)
            for one in outcomes
            if isinstance(one, Waiting)
        ]
        return (
            *waiting,
            *(Pending(call.tool, call.arguments, principal) for call in (*self.plan.proposed, *proposals)),
        )


def _asks(text: str) -> bool:
    """Whether it only asks; what it ends with may stand in its reason ("Why did it stop because of heat?")."""
    said, _ = without_reason(text)
    return only_asks(said) or (only_asks(text) and speech_act_of(said) == "look")
