"""A team's turn: act, deliberate where a capable model can, report."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel

from agents.events import Emit, Notice, ToolFinished, ToolStarted
from agents.phrases import phrase
from agents.teams.crew import CREWS, Deliberation, Inquiry, deliberate
from agents.teams.crew_tools import audit_look_up
from agents.teams.evidence import Evidence
from agents.teams.finding import proposals_text
from agents.teams.outcomes import Outcome, Pending, Refused, TeamFinding, Waiting, ending_of
from agents.teams.report import render_report
from agents.teams.secrets import cleared
from agents.understanding.examples import ToolTalk
from agents.understanding.interpretation import PlannedCall
from agents.understanding.wording import order_of
from edge.kernel.errors import ApprovalNeeded, CallerError, ChargehandError, InvalidInput
from edge.kernel.language import Language
from tools.spec import ToolContext, ToolSpec

if TYPE_CHECKING:
    from agents.models.resolve import ResolvedModel

TeamName = Literal["evaluation", "deployment", "governance"]


@dataclass(frozen=True)
class Teams:
    """The teams over one set of tools.

    Attributes:
        talk: what is said to the tools; reports word orders by it.
        model: deliberates, if it is capable.
        more_models: of the crews, beside it: they share the load and stand in.
    """

    tools: Mapping[str, ToolSpec]
    talk: Mapping[str, ToolTalk] = field(default_factory=dict[str, ToolTalk])
    model: "ResolvedModel | None" = None
    more_models: "tuple[ResolvedModel, ...]" = ()

    def turn(self, calls: Sequence[PlannedCall], language: Language, context: ToolContext, emit: Emit) -> "TeamTurn":
        """A turn of these calls, to be taken step by step.

        Args:
            emit: told of each tool call as it starts and ends.
        """
        return TeamTurn(tuple(calls), language, self, context, emit)

    def deliberates(self, team: TeamName, calls: Sequence[PlannedCall]) -> bool:
        """Whether there is a model that can think about what a team's tools gave, and anything to think about."""
        if self.model is None or not self.model.capable or team not in CREWS:
            return False
        return not all(one.tool in self.talk and self.talk[one.tool].plain for one in calls)

    async def resume(
        self, pending: Sequence[Pending], language: Language, context: ToolContext, emit: Emit
    ) -> TeamFinding:
        """Make the calls that wait for approvals; those of other principals are left alone.

        Raises:
            ChargehandError: as `TeamTurn.act`.
        """
        own = [PlannedCall(one.tool, dict(one.arguments)) for one in pending if one.principal == context.principal]
        if not own:
            return TeamFinding(phrase("nothing_pending", language), ending="asked")
        turn = self.turn(own, language, context, emit)
        return turn.report(await turn.act())


@dataclass(frozen=True)
class TeamTurn:
    """The steps of a team's turn: `act`, `deliberate`, `report`."""

    calls: tuple[PlannedCall, ...]
    language: Language
    teams: Teams
    context: ToolContext
    emit: Emit

    async def act(self) -> list[Outcome]:
        """What came of the calls, in their order; fewer where one was not done and those behind it were left.

        Calls that only read run at the same time; where one of several changes something, they run one after another,
        and none after one that was not done.

        Raises:
            ChargehandError: a tool failed in a way that ends the turn.
        """
        if len(self.calls) > 1 and any(self.teams.tools[call.tool].effect != "read" for call in self.calls):
            return await self._act_in_order()
        # All are waited for: a call that went on after the turn has failed would be told of too late.
        ended = await asyncio.gather(*(self._call(call) for call in self.calls), return_exceptions=True)
        outcomes: list[Outcome] = []
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def _act_in_order(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for call in self.calls:
            outcomes.append(await self._call(call))
            if isinstance(outcomes[-1], Waiting | Refused):
                break
        return outcomes

    async def deliberate(self, team: TeamName, text: str, outcomes: Sequence[Outcome]) -> Deliberation | None:
        """What the team's crew finds; None where nobody can think.

        Args:
            text: the message that asks for the calls.
        """
        models = [model for model in (self.teams.model, *self.teams.more_models) if model is not None]
        evidence = Evidence()
        for call, outcome in zip(self.calls, outcomes, strict=False):
            evidence.add(call.tool, call.arguments, outcome)
        may_call = {name: spec for name, spec in self.teams.tools.items() if spec.scopes <= self.context.scopes}
        inquiry = Inquiry(team, text, evidence, self.language, may_call, partial(self.look_up, team))
        try:
            thought = await deliberate(models, inquiry)
        except ChargehandError as error:
            self.emit(Notice("model_failed", phrase("crew_failed", self.language, why=error.message)))
            return None
        for remark in thought.remarks:
            self.emit(Notice("partial", remark))
        if thought.dropped:
            self.emit(Notice("dropped", phrase("crew_dropped", self.language, count=thought.dropped)))
        return thought

    async def look_up(self, team: TeamName, spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        """A call by a crew of a tool that changes nothing; the audit log has it, too."""
        why = "cancelled"
        try:
            outcome = await self._call(PlannedCall(spec.name, dict(arguments)), spec)
            if isinstance(outcome, Refused):
                raise outcome.error
            why = ""
        except ChargehandError as error:
            why = error.message
            raise
        finally:
            await audit_look_up(spec, self.context, arguments, team, why)
        return cast("BaseModel", outcome)

    def report(self, outcomes: Sequence[Outcome], thought: Deliberation | None = None) -> TeamFinding:
        """The crew's finding and what it proposes, and all evidence for it."""
        finding, looked_up, proposals = (
            (thought.finding, thought.looked_up, thought.proposals) if thought else ("", (), ())
        )
        talk, language = self.teams.talk, self.language
        evidence = render_report(outcomes, language, talk)
        left = list(self.calls[len(outcomes) :])
        parts = (
            finding,
            proposals_text(proposals, language, talk),
            evidence,
            self._left(left),
            render_report(looked_up, language, talk),
        )
        return TeamFinding(
            "\n\n".join(part for part in parts if part),
            outcomes=tuple(zip(self.calls, outcomes, strict=False)),
            pending=self._pending(outcomes),
            proposed=tuple(proposals),
            ending=ending_of(outcomes),
        )

    def _left(self, calls: Sequence[PlannedCall]) -> str:
        """What was not begun, since a call before it was not done."""
        if not calls:
            return ""
        orders = "; ".join(f"`{order_of(call, self.teams.talk, self.language)}`" for call in calls)
        return phrase("left_in_order", self.language, orders=orders)

    async def _call(self, planned: PlannedCall, spec: ToolSpec | None = None) -> Outcome:
        """The result; what waits or is refused is an outcome, too, where something was to be changed."""
        spec = spec or self.teams.tools[planned.tool]
        call_id = uuid.uuid4().hex
        try:
            arguments = spec.check(planned.arguments).model_dump(mode="json", exclude_unset=True)
        except InvalidInput as error:
            return Refused(planned, error, spec.effect == "read")
        self.emit(ToolStarted(call_id, spec.name, arguments))
        try:
            result = await spec.call(self.context, planned.arguments)
        except ApprovalNeeded as needed:
            self.emit(ToolFinished(call_id, {"waits_for": needed.approval_id}))
            return Waiting(planned, needed.approval_id)
        except ChargehandError as error:
            self.emit(ToolFinished(call_id, str(error), failed=True))
            if isinstance(error, CallerError):
                return Refused(planned, error, spec.effect == "read")
            raise
        shown = result.model_dump(mode="json")
        self.emit(ToolFinished(call_id, cleared(shown) if spec.shown_once else shown))
        return result

    def _pending(self, outcomes: Sequence[Outcome]) -> tuple[Pending, ...]:
        """What a later turn may do: what waits for an approval, and what stood behind it."""
        waiting = [
            Pending(one.call.tool, one.call.arguments, self.context.principal, one.approval)
            for one in outcomes
            if isinstance(one, Waiting)
        ]
        if not waiting:
            return ()
        behind = self.calls[len(outcomes) :]
        return (*waiting, *(Pending(call.tool, call.arguments, self.context.principal) for call in behind))
