"""What the hub may name when it tells devices what to do: tools with arguments, limits, settings, rules of merging.

A device refuses what it does not know, but only when it is there again; the hub refuses it at once. Tests hold this
list to what a device has.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from edge.kernel.errors import InvalidInput
from edge.kernel.names import nearest_names

DEVICE_TOOLS: Mapping[str, tuple[str, ...]] = {
    "alert_raise": ("message!", "severity", "subject"),
    "diagnostic_run": ("name!",),
    "evaluation_run": ("limit",),
    "knowledge_search": ("query!", "limit", "pack"),
    "log_search": ("text", "level", "folder", "file", "minutes", "limit"),
    "note_take": ("text!", "about"),
    "reminder_list": (),
    "reminder_remove": ("reminder!",),
    "reminder_set": ("text!", "minutes", "at", "day", "every"),
    "sensor_history": ("sensor!", "limit", "minutes", "day", "figure", "unit"),
    "sensor_list": (),
    "sensor_read": ("sensor!", "unit"),
    "sensor_sample": ("sensors",),
    "system_health": (),
    "watch_list": (),
    "watch_remove": ("watch!",),
    "watch_set": ("sensor!", "compare!", "number!", "severity", "unit"),
}
"""Arguments by tool; those with "!" have to be given."""

POLICY_LIMITS = ("calls_per_minute", "result_bytes", "timeout_s")
SETTINGS: Mapping[str, tuple[float, float]] = {"report.every_s": (1, 86_400), "sync.every_s": (1, 86_400)}
"""The agent's own settings, with the least and the greatest value. Other names are the site's own."""
MERGE_RULES = ("hub_wins", "device_wins", "union", "smallest", "largest", "sum")
"""As `edge.configuration.Rule`."""

_OWN = frozenset(name.partition(".")[0] for name in SETTINGS)


def check_tools(names: Iterable[str]) -> None:
    """Raises InvalidInput: a device has no such tool."""
    for name in names:
        if name not in DEVICE_TOOLS:
            raise InvalidInput(f"Devices have no tool {name[:64]!r}.", _advice(name, DEVICE_TOOLS))


def check_tool_call(name: str, arguments: Mapping[str, Any]) -> None:
    """Raises InvalidInput: a device has no such tool, or it is not called so."""
    check_tools([name])
    known = {one.rstrip("!"): one.endswith("!") for one in DEVICE_TOOLS[name]}
    for given in arguments:
        if given not in known:
            raise InvalidInput(f"{name} has no argument {given[:64]!r}.", _advice(given, known))
    missing = [one for one, required in known.items() if required and one not in arguments]
    if missing:
        raise InvalidInput(f"{name} needs {', '.join(missing)}.", "Add it.")


def check_limits(names: Iterable[str]) -> None:
    """Raises InvalidInput: a policy limits nothing of this name."""
    for name in names:
        if name not in POLICY_LIMITS:
            raise InvalidInput(f"A policy has no limit {name[:64]!r}.", _advice(name, POLICY_LIMITS))


def check_settings(values: Mapping[str, Any]) -> None:
    """Check what is the agent's own. A name with another beginning is the site's, unless it is nearly one of ours.

    Raises:
        InvalidInput: the agent has no such setting, or it cannot have that value.
    """
    for name, value in values.items():
        if name in SETTINGS:
            least, most = SETTINGS[name]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and least <= value <= most):
                raise InvalidInput(f"{name} is a number from {least:g} to {most:g}.", "Correct the value.")
        elif name.partition(".")[0] in _OWN or _slipped(name):
            raise InvalidInput(f"Devices have no setting {name[:64]!r}.", _advice(name, SETTINGS))


def check_merge_rules(rules: Mapping[str, str]) -> None:
    """Raises InvalidInput: there is no such rule."""
    for prefix, rule in rules.items():
        if rule not in MERGE_RULES:
            raise InvalidInput(f"There is no rule {rule[:64]!r} (of {prefix[:64]!r}).", _advice(rule, MERGE_RULES))


def _slipped(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return any(plain == re.sub(r"[^a-z]", "", known) for known in SETTINGS)


def _advice(name: str, known: Iterable[str]) -> str:
    all_known = list(known)
    near = nearest_names(name, all_known)
    return f"Did you mean {', '.join(near)}?" if near else f"There are {', '.join(sorted(all_known)) or 'none'}."
