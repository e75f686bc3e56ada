"""Digests of versions are of what is served: reference, system prompt and options, not the content alone.

Evidence stays with the version for whose sake it was recorded: another version of the same content that is served
otherwise has to be measured itself.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from edge.kernel.canonical import digest_of

revision = "0013"
down_revision = "0012"

_VERSIONS = sa.table(
    "versions",
    *(sa.column(name) for name in ("tenant", "id", "reference", "base", "base_digest", "adapter", "adapter_digest")),
    *(sa.column(name) for name in ("quantisation", "digest")),
    sa.column("card", sa.JSON()),
)
_EVIDENCE = sa.table(
    "evidence", sa.column("tenant"), sa.column("id"), sa.column("version"), sa.column("digest"),
    sa.column("body", sa.JSON()),
)  # fmt: skip
_EVALUATIONS = sa.table("evaluations", sa.column("tenant"), sa.column("id"), sa.column("subject"))


def upgrade() -> None:
    """Compute the digests of versions anew; move evidence, and evaluations by digest, to them."""
    connection = op.get_bind()
    former: dict[tuple[str, str], str] = {}
    for row in connection.execute(sa.select(_VERSIONS).order_by(_VERSIONS.c.id)).mappings().all():
        digest = f"sha256:{digest_of(_served(row))}"
        former.setdefault((row["tenant"], row["digest"]), digest)
        mine = (_VERSIONS.c.tenant == row["tenant"], _VERSIONS.c.id == row["id"])
        connection.execute(_VERSIONS.update().where(*mine).values(digest=digest))
        theirs = (_EVIDENCE.c.tenant == row["tenant"], _EVIDENCE.c.version == row["id"])
        for item in connection.execute(sa.select(_EVIDENCE).where(*theirs)).mappings().all():
            body = {**item["body"], "digest": digest}
            this = (_EVIDENCE.c.tenant == item["tenant"], _EVIDENCE.c.id == item["id"])
            connection.execute(_EVIDENCE.update().where(*this).values(digest=digest, body=body))
    for (tenant, old), digest in former.items():
        named = (_EVALUATIONS.c.tenant == tenant, _EVALUATIONS.c.subject == old)
        connection.execute(_EVALUATIONS.update().where(*named).values(subject=digest))


def _served(row: Any) -> dict[str, Any]:
    """What `tools.registry.versions.served_digest` is of, as it was when this was written."""
    content = {
        "base": row["base_digest"] or row["base"],
        "adapter": row["adapter_digest"] or row["adapter"],
        "quantisation": row["quantisation"],
    }
    serving: Any = (row["card"] or {}).get("serving") or {}
    return {
        "content": f"sha256:{digest_of(content)}",
        "reference": row["reference"],
        "system": serving.get("system", ""),
        "options": serving.get("options", {}),
        "adapter_scale": float(serving.get("adapter_scale", 1.0)) if row["adapter"] else 1.0,
        "fingerprint": "",
    }
