"""Starting a rollout from within another operation's transaction, exactly as `rollout_start` does."""

from collections.abc import Callable
from typing import Any

from tools.rollouts.tools import rollout_tools
from tools.rollouts.views import RolloutView
from tools.spec import ToolContext
from tools.templates import RolloutChoice

__all__ = ["StartRollout", "rollout_starter"]

StartRollout = Callable[[ToolContext, str, str, RolloutChoice, dict[str, Any] | None], RolloutView]
"""Context, target, version, strategy, configuration -> the rollout, begun in the context's transaction."""


def rollout_starter() -> StartRollout:
    """Starts rollouts that wait for gate and approval."""
    run = {spec.name: spec.run for spec in rollout_tools()}["rollout_start"]

    def start(
        context: ToolContext, target: str, version: str, choice: RolloutChoice, configuration: dict[str, Any] | None
    ) -> RolloutView:
        given = choice.model_dump(exclude={"kind"})
        return run(context, target, version, strategy=choice.kind, configuration=configuration, **given)

    return start
