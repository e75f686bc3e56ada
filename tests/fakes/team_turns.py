"""A team's turn as a whole, as `graphs.team` takes it step by step."""

from collections.abc import Sequence

from agents.events import Emit
from agents.teams.outcomes import TeamFinding
from agents.teams.turn import TeamName, Teams
from agents.understanding.interpretation import PlannedCall
from edge.kernel.language import Language
from tools.spec import ToolContext

__all__ = ["take_team_turn"]


async def take_team_turn(
    teams: Teams,
    team: TeamName,
    calls: Sequence[PlannedCall],
    text: str,
    language: Language,
    context: ToolContext,
    emit: Emit,
) -> TeamFinding:
    """Make the calls, deliberate where somebody can, and report."""
    turn = teams.turn(calls, language, context, emit)
    outcomes = await turn.act()
    thought = await turn.deliberate(team, text, outcomes) if teams.deliberates(team, calls) else None
    return turn.report(outcomes, thought)
