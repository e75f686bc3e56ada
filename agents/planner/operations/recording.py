"""Evidence: what somebody measured or checked, as they say it."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, sole_version, unknown_name
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading

__all__ = ["RECORDING_ORDERS"]

_RECORD = r"\b(?:record|note down|enter|log)\b|记录|登记|录入"
_REFERENCE = re.compile(r"\b[a-z]+:[a-z0-9]", re.IGNORECASE)
_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_MEASURED = re.compile(
    rf"\b(?P<metric>[a-z][a-z0-9_]*)\s*(?:of|=|:|is|was|为|是)?\s*(?P<value>{_NUMBER})(?![\w.@-])", re.IGNORECASE
)
_INTERVAL = re.compile(
    rf"(?<![\d.−–-])(?P<lower>{_NUMBER})\s*(?:to|-|–|\.\.|~|到|至)\s*(?P<upper>{_NUMBER})(?![\w@-])", re.IGNORECASE
)
_DATASET = re.compile(
    r"(?:\bdata\s?set|数据集)\s*(?:called|named|名为)?\s*[\"“']?(?P<dataset>[\w][\w.@/-]*\w)", re.IGNORECASE
)
_COUNT = re.compile(r"\bn\s*=?\s*(?P<n>\d+)\b", re.IGNORECASE)
_CHECKS = {"format": r"\bformat\b|格式", "signature": r"\bsignature\b|签名", "scan": r"\bscan\b|扫描"}
_SOURCE = re.compile(r"(?:\b(?:from|by|in|of file)\b|来自|由)\s*[\"“']?(?P<source>[\w][\w.@/-]*\w)", re.IGNORECASE)
_OUTCOME = re.compile(
    r"(?:\b(?:format|signature|scan)\b|格式|签名|扫描)\s*(?:of|is|was|:|为|是|结果)?\s*[\"“']?(?P<outcome>[a-z][\w-]*)",
    re.IGNORECASE,
)
_FINDINGS = re.compile(r"(?P<count>\d+)\s*(?:个)?\s*(?P<kind>critical|high|严重|高危)", re.IGNORECASE)
_METRIC_WORDS = (
    _RECORD,
    _INTERVAL.pattern,
    _DATASET.pattern,
    _COUNT.pattern,
    _MEASURED.pattern,
    r"\b(?:metric|value|evidence|evaluation|result|measured|samples?|interval|between|version)\b",
    r"指标|数值|证据|评测|结果|样本|区间|版本",
)
_SECURITY_WORDS = (
    _RECORD,
    _OUTCOME.pattern,
    _SOURCE.pattern,
    _FINDINGS.pattern,
    r"\b(?:security|check|finding|findings|evidence|version|result)\b|安全|检查|发现|证据|版本|结果",
)


def _evaluation(reading: Reading) -> Built:
    version = _version(reading, _METRIC_WORDS)
    if isinstance(version, Question):
        return version
    rest = _INTERVAL.sub(" ", _COUNT.sub(" ", re.sub(r"<[A-Z%]\d*>", " ", reading.masked)))
    measured, interval = _MEASURED.search(rest), _INTERVAL.search(reading.masked)
    dataset, count = _DATASET.search(reading.text), _COUNT.search(reading.masked)
    samples = reading.quantities.samples or ([int(count["n"])] if count else [])
    there = {"metric and value": measured, "number of samples": samples, "dataset": dataset}
    if missing := [what for what, found in there.items() if not found]:
        return ask("record_parts", reading.language, names=missing)
    if measured is None or dataset is None or len(samples) > 1:
        return ask("record_parts", reading.language, names=["number of samples"])
    arguments: dict[str, Any] = {"version": version, "metric": measured["metric"].lower()}
    arguments |= {"value": float(measured["value"]), "n": samples[0], "dataset": dataset["dataset"]}
    if interval:
        arguments |= {"lower": float(interval["lower"]), "upper": float(interval["upper"])}
    return [PlannedCall("evaluation_record", arguments)]


def _security(reading: Reading) -> Built:
    version = _version(reading, _SECURITY_WORDS)
    if isinstance(version, Question):
        return version
    checks = [name for name, pattern in _CHECKS.items() if reading.says(pattern)]
    if len(checks) != 1:
        return ask("two_of", reading.language, kind="operation", names=checks)
    outcome, source = _OUTCOME.search(reading.masked), _SOURCE.search(reading.text)
    missing = [what for what, found in (("outcome", outcome), ("source", source)) if found is None]
    if outcome is None or source is None:
        return ask("security_parts", reading.language, names=missing)
    arguments: dict[str, Any] = {"version": version, "check": checks[0], "outcome": outcome["outcome"].lower()}
    arguments["source"] = source["source"]
    kinds = {"严重": "critical", "高危": "high"}
    for found in _FINDINGS.finditer(reading.masked):
        arguments[kinds.get(found["kind"], found["kind"].lower())] = int(found["count"])
    return [PlannedCall("security_record", arguments)]


def _version(reading: Reading, words: tuple[str, ...]) -> str | Question:
    if question := unknown_name(reading, words, "version"):
        return question
    version = sole_version(reading)
    return ask("name_version", reading.language, names=list(reading.known.versions)) if version is None else version


def _is_measurement(reading: Reading) -> bool:
    """In Chinese one word is to record and to register."""
    return not reading.says(r"\b(?:model|tenant)\b|模型|租户") and _REFERENCE.search(reading.text) is None


RECORDING_ORDERS = (
    Operation(
        "security_record",
        lambda reading: reading.says(_RECORD) and any(reading.says(pattern) for pattern in _CHECKS.values()),
        _security,
        _SECURITY_WORDS,
        example="record scan clean of VERSION from modelscan, 0 critical, 0 high",
    ),
    Operation(
        "evaluation_record",
        lambda reading: reading.says(_RECORD) and _is_measurement(reading),
        _evaluation,
        _METRIC_WORDS,
        example="record accuracy 0.78 (0.74 to 0.82) on 400 samples of dataset NAME for VERSION",
    ),
)
