"""A home that was stored before responses were timed and digests were of what is served is taken over whole."""

import json
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import memory.ledger.migrations
from memory.home import Home
from memory.ledger import open_ledger
from memory.ledger.tables import SCHEMA_VERSION, metadata
from tools.registry.versions import content_of, served_digest
from tools.serving.configuration import serving_card

AT = "2026-03-01 12:00:00.000000"
OLD_DIGEST = "sha256:" + "1" * 64
CARD = {"serving": {"system": "Be brief.", "options": {"temperature": 0.2}}}
BODY = {"metric": "accuracy", "value": 0.8, "n": 50, "dataset": "faq", "finished_at": "2026-03-01T12:00:00Z"}


def make(path: Path, revision: str) -> None:
    """A database at a former revision, made by its own migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(memory.ledger.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        with Operations.context(context):
            for script in reversed(list(scripts.iterate_revisions(revision, "base"))):
                script.module.upgrade()
                context.stamp(scripts, script.revision)
        connection.exec_driver_sql(f"PRAGMA user_version = {int(revision)}")
    engine.dispose()


def stored(home: Home) -> None:
    """As release 0011 left it, with rows in what is changed since."""
    make(home.ledger, "0011")
    rows = [
        ("models", {"tenant": "default", "name": "faq", "description": "", "created_at": AT, "created_by": "ann", "retired_reason": ""}),
        *(
            ("versions", {
                "tenant": "default", "id": f"faq@{label}", "model": "faq", "reference": reference, "base": "smollm2-135m",
                "base_digest": "", "adapter": "", "adapter_digest": "", "quantisation": "", "digest": OLD_DIGEST,
                "stage": "candidate", "datasets": "[]", "licence": "", "card": json.dumps(card), "created_at": AT,
                "created_by": "ann", "retired_reason": "", "revision": 0,
            })
            for label, reference, card in (("1", "local:smollm2-135m", CARD), ("2", "openai:some-other-7b", {}))
        ),
        ("evidence", {
            "tenant": "default", "id": "ev-1", "version": "faq@1", "digest": OLD_DIGEST, "kind": "evaluation",
            "body": json.dumps({**BODY, "digest": OLD_DIGEST}), "finished_at": AT, "recorded_at": AT, "recorded_by": "ann",
        }),
        ("measurements", {
            "tenant": "default", "target": "t", "arm": "faq@1", "second": AT, "requests": 5, "errors": 1,
            "latency_count": 4, "latency_total": 1.5, "latency_squares": 0.9, "score_count": 0, "score_total": 0,
            "score_squares": 0,
        }),
        *(
            ("rollouts", {
                "tenant": "default", "id": rollout, "target": rollout, "kind": "canary", "state": state, "plan": "{}",
                "requested_by": "ann", "created_at": AT, "updated_at": AT, "position": 0, "progress": "{}",
                "ended_at": ended, "revision": 1,
            })
            for rollout, state, ended in (("r1", "aborted", AT), ("r2", "waiting_for_approval", None))
        ),
        *(
            ("approvals", {
                "tenant": "default", "id": f"ap-{rollout}", "tool": "rollout_start", "arguments": "{}", "plan": "{}",
                "digest": "d", "requester": "ann", "four_eyes": 1, "state": "requested", "requested_at": AT,
                "expires_at": "2026-03-02 12:00:00.000000", "comment": "",
            })
            for rollout in ("r1", "r2")
        ),
    ]  # fmt: skip
    with sqlite3.connect(home.ledger) as connection:
        for table, row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )
    connection.close()


def test_evidence_stays_with_what_it_was_recorded_for(home: Home) -> None:
    stored(home)
    ledger = open_ledger(home.ledger)
    with ledger.view("default") as unit:
        one, other = unit.versions.get("faq@1"), unit.versions.get("faq@2")
        assert one.digest == served_digest(content_of(one), one.reference, serving_card(one.card))
        assert other.digest == served_digest(content_of(other), other.reference, serving_card(other.card))
        (item,) = unit.evidence.of(one.digest)
        assert (item.version, item.body["digest"]) == ("faq@1", one.digest)
        assert unit.evidence.of(other.digest) == []
    ledger.close()


def test_what_was_counted_stays_and_approvals_of_what_is_over_end(home: Home) -> None:
    stored(home)
    ledger = open_ledger(home.ledger)
    with ledger.view("default") as unit:
        second = unit.approvals.get("ap-r1").requested_at
        found = unit.measurements.total("t", "faq@1", second, second.replace(minute=1))
        assert (found.requests, found.errors, found.left, found.retries) == (5, 1, 0, 0)
        states = {one: unit.approvals.get(one).state for one in ("ap-r1", "ap-r2")}
        assert states == {"ap-r1": "revoked", "ap-r2": "requested"}
        assert (unit.approvals.get("ap-r2").needed, list(unit.approvals.get("ap-r2").agreed)) == (1, [])
    with ledger.database.read() as connection:
        assert memory.ledger.migrations.found_version(connection) == SCHEMA_VERSION
    ledger.close()
