"""How long a rollout will take at today's traffic, if there is no difference; and limits of time that fit it."""

import math
from dataclasses import dataclass

from tools.rollouts.canary_analysis import Carried, Observed, usual_shares
from tools.rollouts.e_process import growth
from tools.rollouts.plans import Canary, Plan, Step

_PRICE = 1.5
"""Evidence that not knowing the shares beforehand costs, about."""
_BEFORE_S = 3600.0
"""How long the former version was looked at, where it does not serve beside the new one."""
_STRETCHES = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0)
_SPARE = 1.5
"""So many times what is expected a limit leaves: evidence comes by chance, and half of the time later."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a target is asked now.

    Attributes:
        per_s: requests a second.
        usual: what was measured of the version in service.
    """

    per_s: float
    usual: Observed


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a rollout to a version that is no worse.

    Attributes:
        seconds: of each step that is left.
        decides: False where the last step's limit is over before enough requests were seen, probably.
    """

    per_s: float
    seconds: tuple[float, ...]
    decides: bool

    @property
    def total_s(self) -> float:
        return sum(self.seconds)


def forecast(
    plan: Plan, traffic: Traffic, *, taken: int = 0, since_s: float = 0.0, carried: Carried | None = None
) -> Forecast | None:
    """None where nothing is known of the traffic, or the plan is not judged by it.

    Args:
        taken: number of the step that is under way; 0 before the first.
        since_s: how long it has been under way.
        carried: evidence of the steps before it.
    """
    if plan.kind != "serving" or not traffic.per_s or not traffic.usual.requests:
        return None
    wanted = -math.log(plan.limits.alpha_within) + _PRICE
    shares = usual_shares(traffic.usual, plan.limits)
    missing = {name: wanted - carried[name].within if carried and name in carried else wanted for name in shares}
    seconds: list[float] = []
    decides = True
    for step in plan.steps[max(0, taken - 1) :]:
        part = _part(step)
        rates = {name: traffic.per_s * growth(usual, usual, margin, part) for name, (usual, margin) in shares.items()}
        least_s = max(step.hold_s, step.minimum_samples / (traffic.per_s * (step.weight or step.shadow or 100) / 100))
        if step.judge == "evidence":
            least_s = max([least_s, *(missing[name] / max(rate, 1e-12) for name, rate in rates.items())])
        takes_s = 0.0 if step.judge == "ready" else min(least_s, step.limit_s)
        decides = step.judge == "ready" or least_s <= step.limit_s
        missing = {name: missing[name] - rates[name] * takes_s for name in missing}
        seconds.append(takes_s)
    if taken and seconds:
        seconds[0] = max(0.0, seconds[0] - since_s)
    return Forecast(traffic.per_s, tuple(seconds), decides)


def fitted(plan: Plan, traffic: Traffic) -> Plan:
    """The plan with longer steps where the traffic is small, up to a day, unless somebody said how long."""
    strategy = plan.strategy
    if not isinstance(strategy, Canary) or any("limit_s" in step.model_fields_set for step in strategy.steps):
        return plan
    for stretch in _STRETCHES:
        tight = _stretched(plan, stretch / _SPARE)
        found = forecast(tight, traffic)
        if found is None or found.decides:
            return _stretched(plan, stretch)
    return _stretched(plan, _STRETCHES[-1])


def _stretched(plan: Plan, times: float) -> Plan:
    steps = tuple(step.model_copy(update={"limit_s": max(step.hold_s, step.limit_s * times)}) for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def _part(step: Step) -> float:
    """Of the requests that speak, those to the new version."""
    if step.shadow:
        return step.shadow / (100 + step.shadow)
    if step.baseline == "before":
        limit_s = max(step.limit_s, 1.0)
        return min(0.5, limit_s / (limit_s + _BEFORE_S))
    return max(0.01, step.weight / 100)
