"""Policies, evidence, what gates found, approvals, and the record of every call that changed something."""

import sqlalchemy as sa

from memory.ledger.schema.base import Instant, metadata, name_column, tenant_column

__all__ = ["approvals", "audit", "audit_heads", "calls", "delegations", "evidence", "gate_results", "policies"]

policies = sa.Table(
    "policies",
    metadata,
    tenant_column(),
    name_column("name", key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.String(80), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    name_column("updated_by"),
    sa.Column("revision", sa.Integer, nullable=False),
)
evidence = sa.Table(
    "evidence",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("version"),
    sa.Column("digest", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("finished_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    name_column("recorded_by"),
    sa.Index(None, "tenant", "digest"),
)
gate_results = sa.Table(
    "gate_results",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("gate"),
    name_column("version"),
    sa.Column("verdict", sa.String(32), nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "tenant", "version"),
)
approvals = sa.Table(
    "approvals",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("tool"),
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    name_column("requester"),
    sa.Column("four_eyes", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    name_column("decided_by", nullable=True),
    name_column("on_behalf_of", nullable=True),
    sa.Column("decided_at", Instant),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index(None, "tenant", "digest"),
    sa.Index(None, "tenant", "state"),
)
delegations = sa.Table(
    "delegations",
    metadata,
    tenant_column(),
    name_column("id", key=True),
    name_column("giver"),
    name_column("receiver"),
    sa.Column("tools", sa.JSON, nullable=False),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Index(None, "tenant", "receiver"),
)
calls = sa.Table(
    "calls",
    metadata,
    tenant_column(),
    name_column("principal", key=True),
    name_column("key", key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
audit = sa.Table(
    "audit",
    metadata,
    tenant_column(),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    name_column("principal"),
    name_column("tool"),
    sa.Column("effect", sa.String(16), nullable=False),
    sa.Column("arguments_digest", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
audit_heads = sa.Table(
    "audit_heads",
    metadata,
    tenant_column(),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)
