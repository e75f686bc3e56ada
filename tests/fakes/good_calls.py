"""Arguments with which each tool does its work on `tests.fakes.stocked_works`."""

import hashlib
from typing import Any

from tests.fakes.stocked_works import FLEET_SIGNER, PACK, TOKEN
from tools.fleet.credentials import hash_of

__all__ = ["GOOD"]

CONTENT = {"base": "smollm2-135m", "adapter": "mine"}
VERSION = {"version": "support@two"}
DEVICE = {"device": "press-1"}
MEASURED = {**VERSION, "metric": "accuracy", "n": 100, "dataset": "tickets"}
POLICY = """\
schema: 1
policies:
  - id: house
    title: The house's own
    rules:
      - {id: good, require: evaluation.accuracy > 0.8}
"""
GOOD: dict[str, dict[str, Any]] = {
    "knowledge_search": {"query": "SE30"},
    "evaluation_list": {},
    "licence_lookup": {"model": "phi-4-mini"},
    "licence_list": {"tier": "edge"},
    "roster_list": {},
    "model_profile": {"model": "phi-4-mini"},
    "register_model": {"name": "new"},
    "register_version": {"model": "support", "label": "three", "reference": "local:x", "content": CONTENT},
    "artifact_put": {"path": "<file>"},
    "artifact_list": {},
    "artifact_show": {"digest": "<artifact>"},
    "artifact_remove": {"digest": "<artifact>"},
    "artifact_collect": {},
    "set_stage": {**VERSION, "stage": "staging"},
    "set_alias": {**VERSION, "alias": "fallback"},
    "remove_alias": {"alias": "challenger"},
    "retire_version": {"version": "support@old", "reason": "too slow"},
    "retire_model": {"model": "unused", "reason": "never used"},
    "models_list": {},
    "version_show": VERSION,
    "version_lineage": VERSION,
    "version_compare": {"first": "support@one", "second": "challenger"},
    "version_card": VERSION,
    "approvals_list": {"state": "requested"},
    "approval_approve": {"approval": "<approval>"},
    "approval_reject": {"approval": "<approval>", "comment": "no"},
    "approval_revoke": {"approval": "<approval>"},
    "approval_delegate": {"to": "dora", "hours": 1.5, "tools": ["retire_version"]},
    "delegation_revoke": {"delegation": "<delegation>"},
    "audit_list": {"limit": 3},
    "audit_verify": {},
    "register_tenant": {"name": "initech", "quotas": {"requests_per_minute": 5}},
    "manage_tenant_resources": {"tenant": "globex", "isolation": "dedicated"},
    "tenants_list": {},
    "tenant_usage": {},
    "memory_remember": {"fact": "I work in hall 3"},
    "memory_prefer": {"name": "Ann", "language": "en"},
    "memory_list": {},
    "memory_forget": {"memory": "the bakery is closed on Mondays"},
    "memory_forget_all": {},
    "api_key_issue": {"principal": "erin", "scopes": ["roster:read"], "days": 3},
    "api_keys_list": {},
    "api_key_revoke": {"key": "<key>"},
    "rollout_start": {"target": "assistant", **VERSION, "percentages": [10, 50]},
    "execute_blue_green_deployment": {"target": "assistant", **VERSION},
    "rollout_status": {"rollout": "running"},
    "rollout_list": {"active": True},
    "rollout_pause": {"rollout": "running", "reason": "lunch"},
    "rollout_resume": {"rollout": "paused"},
    "rollout_abort": {"rollout": "running"},
    "rollout_promote": {"rollout": "running"},
    "rollout_retry": {"rollout": "<rollout aborted>"},
    "evaluation_record": {**MEASURED, "value": 0.9},
    "bias_record": {**MEASURED, "attribute": "language", "gap": 0.1},
    "security_record": {**VERSION, "check": "format", "outcome": "gguf", "source": "a scanner"},
    "score_record": {"target": "assistant", "version": "support@one", "scores": [0.5]},
    "policies_list": {},
    "manage_security_policies": {"action": "put", "name": "house", "text": POLICY},
    "gate_check": {**VERSION, "purpose": "product"},
    "gate_history": VERSION,
    "licence_compatibility": {"purpose": "product", "base": "smollm2-135m"},
    "model_card_export": VERSION,
    "bom_export": VERSION,
    "create_model_factory": {
        "name": "tiny",
        "model": "support",
        "base": "smollm2-135m",
        "reference": "local:smollm2-135m",
        "sizes": [],
    },
    "deploy_model_via_factory": {"factory": "small", "target": "desk", "label": "made"},
    "factories_list": {},
    "create_deployment_pipeline": {"name": "fast", "stages": [{"name": "staging"}]},
    "pipeline_run": {"pipeline": "release", **VERSION},
    "pipeline_advance": {"pipeline": "release"},
    "pipeline_cancel": {"pipeline": "release", "reason": "not needed"},
    "pipeline_status": {},
    "device_enrolment_token": {"group": "hall-3", "hours": 2.5},
    "device_tokens": {},
    "edge_enroll": {
        "device": "press-2",
        "public_key": FLEET_SIGNER.public_key,
        "proof": FLEET_SIGNER.sign(hash_of(TOKEN).encode()),
    },
    "edge_sync": {"stream": "a" * 32, "after": 0, "through": 0, "reported_version": 1, "reported": {"version": "x"}},
    "edge_artifact": {"digest": f"sha256:{hashlib.sha256(PACK).hexdigest()}", "offset": 2, "length": 9},
    "device_list": {"group": "hall-3"},
    "device_show": DEVICE,
    "device_groups": {},
    "device_move": {**DEVICE, "group": "hall-4"},
    "device_revoke": {**DEVICE, "reason": "stolen"},
    "device_health": {},
    "device_events": {**DEVICE, "kind": "alert"},
    "device_configure": {"values": {"every_s": 5}, "rules": {"every_s": "hub_wins"}, "group": "hall-3"},
    "device_policy_set": {"tools": ["note_take"], "limits": {"timeout_s": 3}},
    "device_prompt_set": {"text": "Be short.", **DEVICE},
    "device_pack_assign": {"name": "book", "digest": f"sha256:{hashlib.sha256(PACK).hexdigest()}"},
    "device_item_remove": {"kind": "pack", "name": "manual", **DEVICE},
    "device_model_assign": {"version": "support@one", **DEVICE},
    "device_job_put": {
        "name": "read",
        "schedule": {"on": "cron", "expression": "0 * * * *"},
        "action": {"do": "tool", "tool": "sensor_sample"},
        "deadline_s": 60,
    },
    "device_job_remove": {"name": "watch"},
    "device_job_list": {},
    "device_ask": {**DEVICE, "text": "Is the fan on?"},
    "device_answers": {"question": "<question>"},
    "device_questions": DEVICE,
    "device_reply": {"question": "press-1:1", "text": "Ann does.", "citations": ["the rota"]},
    "pack_build": {"name": "manuals"},
}
"""Arguments with which each tool does its work; <...> stands for an id that was made."""
