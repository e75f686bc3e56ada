"""The tables of the ledger, one module for each area; `memory/ledger/migrations` brings a database to them."""

from memory.ledger.schema.base import SCHEMA_VERSION, Instant, metadata
from memory.ledger.schema.conversation import questions, threads
from memory.ledger.schema.edge import (
    desired_heads,
    desired_items,
    device_events,
    device_questions,
    device_streams,
    enrolment_tokens,
    rejected_events,
    uplinks,
)
from memory.ledger.schema.evaluations import evaluations
from memory.ledger.schema.fleet import alerts, devices, factories, pipelines
from memory.ledger.schema.governance import (
    approvals,
    audit,
    audit_heads,
    calls,
    delegations,
    evidence,
    gate_results,
    policies,
)
from memory.ledger.schema.knowledge import chunks, documents, outbox, watermarks
from memory.ledger.schema.measurements import measurements
from memory.ledger.schema.people import api_keys, principals, tenants
from memory.ledger.schema.rollouts import counted_uses, rollout_events, rollouts, shadow_usage, targets, usage
from memory.ledger.schema.roster import aliases, artifacts, models, versions

__all__ = [
    "SCHEMA_VERSION",
    "Instant",
    "alerts",
    "aliases",
    "api_keys",
    "approvals",
    "artifacts",
    "audit",
    "audit_heads",
    "calls",
    "chunks",
    "counted_uses",
    "delegations",
    "desired_heads",
    "desired_items",
    "device_events",
    "device_questions",
    "device_streams",
    "devices",
    "documents",
    "enrolment_tokens",
    "evaluations",
    "evidence",
    "factories",
    "gate_results",
    "measurements",
    "metadata",
    "models",
    "outbox",
    "pipelines",
    "policies",
    "principals",
    "questions",
    "rejected_events",
    "rollout_events",
    "rollouts",
    "shadow_usage",
    "targets",
    "tenants",
    "threads",
    "uplinks",
    "usage",
    "versions",
    "watermarks",
]
