"""Governance: versions judged by typed evidence, policies and licences.

evidence.py             what is known about one version, for a purpose, a region and a stage
evidence_store.py       recorded and gathered in the ledger
policy_language.py      conditions: text to tree
conditions.py           conditions checked and evaluated: true, false or unknown
facts.py                the fields that rules may name, and their values in the evidence
policy.py               policies in YAML, with lines
policy_tests.py         tests of policies, in YAML
policy_store.py         which policies hold in a tenant, and how they change
licence.py              what the licences of base, adapter and data sets allow together
licence_tools.py        licences looked up and weighed
verdict.py              pass, fail or insufficient evidence, with reasons
gate.py                 verdicts over the ledger, asked for, required and kept
version_description.py  all that is known of a version, and its exports:
model_card.py           the model card, Markdown
bill_of_materials.py    the bill of materials, CycloneDX
audit.py                the audit log, read and verified
report.py               what the operations give, as Markdown
"""
