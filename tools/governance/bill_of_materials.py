"""A version as a CycloneDX 1.6 bill of materials for machine learning, in JSON.

The classes of cyclonedx-python-lib have no model card yet, so the document is written as JSON and validated against the
library's own strict schema before it is handed out. The specification: ECMA-424, `modelCard`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from edge.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from tools.governance.evidence import LicensedPart, MetricMeasurement
    from tools.governance.version_description import VersionDescription, VersionFile


_ROOT = "version"
_PROPERTY = "chargehand"


def ml_bom_json(version: VersionDescription) -> str:
    """The bill of materials as text, validated.

    Raises:
        InvalidInput: the description cannot be expressed; the message has what the schema says.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = json.dumps(ml_bom(version), indent=2, ensure_ascii=False, sort_keys=True)
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise InvalidInput(f"{version.name} {version.version} cannot be written as CycloneDX: {error}.")
    return text


def ml_bom(version: VersionDescription) -> dict[str, Any]:
    """The bill of materials as plain data; the same description gives the same document."""
    parts = {f"{part.part}:{part.name}": _part(part, version) for part in version.parts}
    files = {f"file:{item.name}": _file(item) for item in version.artifacts}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{version.digest}@{version.described_at.isoformat()}')}",
        "version": 1,
        "metadata": {
            "timestamp": version.described_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "Chargehand"}]},
            "component": _root(version),
        },
        "components": [*parts.values(), *files.values()],
        "dependencies": [
            {"ref": _ROOT, "dependsOn": [*parts, *files]},
            *({"ref": ref} for ref in (*parts, *files)),
        ],
    }


def _root(version: VersionDescription) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": _ROOT,
        "name": version.name,
        "version": version.version,
        "hashes": [_hash(version.digest)],
        "modelCard": _card(version),
        "properties": list(_properties(version)),
    }
    if version.description:
        component["description"] = version.description
    if version.supplier:
        component["supplier"] = {"name": version.supplier}
    return component


def _card(version: VersionDescription) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "datasets": [{"ref": f"dataset:{part.name}"} for part in version.parts if part.part == "dataset"],
        "inputs": [{"format": modality} for modality in version.modalities],
        "outputs": [{"format": modality} for modality in version.output_modalities],
    }
    if version.task:
        parameters["task"] = version.task
    if version.architecture:
        parameters["modelArchitecture"] = version.architecture
    considerations = {
        "users": list(version.users),
        "useCases": list(version.intended_uses),
        "technicalLimitations": list(version.limitations),
        "fairnessAssessments": [
            {
                "groupAtRisk": f"{item.attribute}: {item.worst_group or 'not named'}",
                "harms": f"{item.metric} is lower by {item.gap:.6g} than for the best group, on {item.dataset}",
            }
            for item in version.bias
        ],
    }
    metrics = [_metric(item) for item in version.evaluations if item.digest == version.digest]
    card = {
        "modelParameters": {key: value for key, value in parameters.items() if value},
        "quantitativeAnalysis": {"performanceMetrics": metrics} if metrics else {},
        "considerations": {key: value for key, value in considerations.items() if value},
    }
    return {key: value for key, value in card.items() if value}


def _metric(item: MetricMeasurement) -> dict[str, Any]:
    found: dict[str, Any] = {"type": item.metric, "value": f"{item.value:.12g}", "slice": item.dataset}
    if item.lower is not None and item.upper is not None:
        found["confidenceInterval"] = {"lowerBound": f"{item.lower:.12g}", "upperBound": f"{item.upper:.12g}"}
    return found


def _part(part: LicensedPart, version: VersionDescription) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "data" if part.part == "dataset" else "machine-learning-model",
        "bom-ref": f"{part.part}:{part.name}",
        "name": part.name,
        "properties": [{"name": f"{_PROPERTY}:part", "value": part.part}],
    }
    if part.part == "dataset":
        component["data"] = [{"type": "dataset", "name": part.name}]
        if part.name in version.dataset_digests:
            component["hashes"] = [_hash(version.dataset_digests[part.name])]
    if part.licence is not None:
        named = {"id": part.licence.spdx} if part.licence.spdx else {"name": part.licence.name}
        component["licenses"] = [{"license": named}]
        component["properties"].append({"name": f"{_PROPERTY}:licence-source", "value": part.licence.source})
    return component


def _file(item: VersionFile) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{item.name}",
        "name": item.name,
        "hashes": [_hash(item.digest)],
        "properties": [
            {"name": f"{_PROPERTY}:role", "value": item.role},
            {"name": f"{_PROPERTY}:format", "value": item.format},
            {"name": f"{_PROPERTY}:size-bytes", "value": str(item.size_bytes)},
        ],
    }


def _properties(version: VersionDescription) -> Iterator[dict[str, str]]:
    facts = {
        "quantisation": version.quantisation,
        "parameters": "" if version.parameters is None else str(version.parameters),
        "context-tokens": "" if version.context_tokens is None else str(version.context_tokens),
        "languages": ", ".join(version.languages),
    }
    for name, value in facts.items():
        if value:
            yield {"name": f"{_PROPERTY}:{name}", "value": value}
    for gate in version.gates:
        if gate.subject_digest == version.digest:
            value = f"{gate.verdict} for {gate.licence.purpose} in {gate.licence.region}: {gate.digest}"
            yield {"name": f"{_PROPERTY}:gate", "value": value}


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.removeprefix("sha256:")}
