"""Governance as pure functions over typed evidence: no store, no clock, no network.

evidence.py        what is known about one version, for a purpose, a region and a stage
regions.py         which places a region touches
truth.py           three-valued logic
syntax.py          the rule language: tree and printer
parser.py          the rule language: tokens and parser
vocabulary.py      the fields that rules may name, and their types
types.py           checking the types of rules
facts.py           what the evidence says of each field
expressions.py     checked rules, evaluated
located_yaml.py    YAML with line numbers
policy.py          policies in YAML
terms.py           what licence terms amount to
restrictions.py    terms that differ by region
compatibility.py   what the licences of base, adapter and data sets allow together
licensing.py       parts of a version with their terms, from the catalogue
gates.py           the verdict on a version: pass, fail or insufficient evidence
policy_tests.py    tests of policies, in YAML
version.py         the description of a version that the two exports are made of
model_card.py      a version as Markdown
bom.py             a version as a CycloneDX bill of materials
"""
