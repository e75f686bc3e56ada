"""Plans and planned tool calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.calling.markdown import arguments_text

TeamName = Literal["evaluation", "deployment", "governance"]

_ORDERS = {
    "rollout_pause": "pause {rollout}",
    "rollout_resume": "resume {rollout}",
    "rollout_abort": "abort {rollout}",
    "rollout_promote": "promote {rollout}",
    "rollout_retry": "retry {rollout}",
    "set_stage": "move {version} to {stage}",
    "set_alias": "point {alias} at {version}",
    "remove_alias": "remove alias {alias}",
    "retire_version": "retire {version} because {reason}",
    "retire_model": "retire model {model} because {reason}",
    "execute_blue_green_deployment": "execute a blue-green deployment of {version} on {target}",
    "delegation_revoke": "revoke delegation {delegation}",
    "api_key_revoke": "revoke api key {key}",
    "pipeline_run": "take {version} through pipeline {pipeline}",
    "pipeline_advance": "advance pipeline {pipeline}",
    "approval_approve": "approve {approval}",
    "approval_reject": "reject {approval}",
    "approval_revoke": "revoke {approval}",
    "device_ask": "ask {device} {text}",
    "device_reply": "reply to {question}: {text}",
    "device_move": "move {device} to group {group}",
    "device_revoke": "revoke device {device} because {reason}",
}


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A tool call, its arguments not yet validated."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Tool calls that do not depend on each other, or a question back.

    Attributes:
        calls: empty when there is a question.
        question: what to ask the user, in the user's language; empty when there are calls.
        models: catalogue ids that the utterance is about.
        caveat: what was asked for and is not done, in the user's language; empty when everything is.
        unknown: what looks like a model's name and is none of the catalogue's.
        asks: why there is a question, see `agents.planner.questions.Kind`; empty where none is named.
        operation: name of the operation of the grammar that the utterance was understood as; empty for none.
        whole: a look of which every word was understood.
        proposed: calls that the question asks to confirm; a "yes" in the next turn makes them.
    """

    calls: tuple[PlannedCall, ...] = ()
    question: str = ""
    models: tuple[str, ...] = ()
    caveat: str = ""
    unknown: tuple[str, ...] = ()
    asks: str = ""
    operation: str = ""
    proposed: tuple[PlannedCall, ...] = ()
    whole: bool = False


def order_of(call: PlannedCall) -> str:
    """A call as one would order it in words, else by its name and arguments."""
    return words_of(call) or f"{call.tool}: {arguments_text(call.arguments)}".removesuffix(": ")


def words_of(call: PlannedCall) -> str:
    """A call as one would order it in words, which the grammar reads back; empty where there are none for it."""
    given = call.arguments
    if call.tool == "rollout_start":
        return _start_order(given)
    if call.tool == "manage_tenant_resources":
        return _tenant_order(**given)
    template = _ORDERS.get(call.tool)
    if template is None:
        return ""
    if call.tool in {"device_ask", "device_reply"}:
        given = {**given, "text": '"{}"'.format(re.sub(r"[\"“”「」]", "'", given["text"]))}
    return template.format_map(given)


def _tenant_order(tenant: str, quotas: Mapping[str, float] | None = None, state: str = "", isolation: str = "") -> str:
    if quotas and not (state or isolation):
        limits = " and ".join(f"{limit:g} {name.replace('_', ' ')}" for name, limit in quotas.items())
        return f"limit {tenant} to {limits}"
    if state and not (quotas or isolation):
        return f"{'suspend' if state == 'suspended' else 'activate'} tenant {tenant}"
    return ""


def _start_order(given: dict[str, Any]) -> str:
    order = f"{str(given['strategy']).replace('_', '-')} {given['version']} on {given['target']}"
    if given.get("percentages"):
        order += f" at {', '.join(str(part) for part in given['percentages'])} %"
    if "hold_s" in given:
        order += f", hold {given['hold_s']:g} s"
    if "limit_s" in given:
        order += f", at most {given['limit_s']:g} s"
    if "minimum_samples" in given:
        order += f", at least {given['minimum_samples']} requests"
    if "error_threshold" in given:
        order += f", error threshold {100 * given['error_threshold']:g} %"
    limits = given.get("limits", {})
    if "error_rate_increase" in limits:
        order += f", up to {100 * limits['error_rate_increase']:g} points more errors"
    return order + (", any latency" if "slowdown" in limits else "")
