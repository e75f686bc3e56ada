"""First part: what can be served, under which terms; the first version goes into service."""

import textwrap
from typing import Any

from server.demos.hub import Hub, chapter, does, line, say, table

__all__ = ["MODEL", "TARGET", "evidence", "first_version", "hire", "licences", "register", "roster"]

MODEL, TARGET = "helper", "support"
_BASE = "smollm2-135m"
_ENGINEER = """roster:read roster:write licences:read evaluations:read evaluations:write gates:read gates:write
    rollouts:read rollouts:write approvals:read audit:read models:use""".split()
_APPROVER = ["approvals:read", "approvals:decide", "rollouts:read"]


def hire(hub: Hub) -> None:
    """Give ann and bob their keys."""
    say("Two people share the hub: ann, an engineer, and bob, who approves. Each gets an API key with their rights.")
    for who, scopes in (("ann", _ENGINEER), ("bob", _APPROVER)):
        hub.keys[who] = hub.call("local", "api_key_issue", {"principal": who, "scopes": scopes})["key"]
        line(textwrap.fill(f"{who}: {', '.join(scopes)}", 110, initial_indent="    ", subsequent_indent="      "))


def roster(hub: Hub) -> None:
    """Chapter 1."""
    chapter(1, "What can this hub serve?")
    found = does(hub, "ann", "roster_list")
    rows = [
        [entry["reference"], str(entry["parameters"] or "?"), entry["licence"] or "?", entry["commercial_use"] or "?"]
        for entry in found["models"]
    ]
    table(["model", "parameters", "licence", "commercial use"], rows)


def licences(hub: Hub) -> None:
    """Chapter 2."""
    chapter(2, "May we build a product on it?")
    for model in (_BASE, "qwen2.5-3b"):
        found = does(hub, "ann", "licence_lookup", model=model)
        terms = found["licence"]
        line(f"    {found['name']}: {terms['name']}; commercial use: {terms['commercial_use']}")
    say("So the product is built on SmolLM2.")


def register(hub: Hub, label: str, reference: str, content: dict[str, str], system: str) -> str:
    """Register a version that answers in few tokens; its id."""
    serving = {"context_tokens": 512, "system": system, "options": {"max_tokens": 4, "temperature": 0}}
    given = {"base": _BASE, "quantisation": "Q4_1", **content}
    found = does(
        hub, "ann", "register_version",
        model=MODEL, label=label, reference=reference, content=given, card={"serving": serving},
    )  # fmt: skip
    line(f"    {found['id']}: content {found['digest'][:23]}..., stage {found['stage']}")
    return found["id"]


def evidence(hub: Hub, version: str) -> None:
    """Record what the policies ask for."""
    measured: dict[str, Any] = {"metric": "accuracy", "value": 0.78, "lower": 0.74, "upper": 0.82, "n": 400}
    does(hub, "ann", "evaluation_record", version=version, dataset="service-questions", **measured)
    does(hub, "ann", "security_record", version=version, check="format", outcome="gguf", source="weights.gguf")
    does(hub, "ann", "security_record", version=version, check="signature", outcome="valid", source="weights.gguf")
    does(
        hub, "ann", "security_record",
        version=version, check="scan", outcome="clean", source="modelscan", critical=0, high=0,
    )  # fmt: skip


def first_version(hub: Hub) -> str:
    """Chapter 3; the version's id."""
    chapter(3, "The first version goes into service")
    does(hub, "ann", "register_model", name=MODEL, based_on=_BASE, description="answers service questions")
    version = register(hub, "v1", f"local:{_BASE}", {}, "You are a helpful assistant.")
    say("Evidence is kept about the digest of the content, not about a name:")
    evidence(hub, version)
    return version
