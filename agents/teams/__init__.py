"""The three teams: evaluation, deployment, governance.

turn.py               act -> deliberate (verified) -> report
outcomes.py           results, what waits for an approval, what was refused, what a later turn may do
frames.py             what a turn leaves in its thread's frame
crew.py               the crews that deliberate, in CrewAI's Flow; deployment/, evaluation/, governance/ hold YAML
configuration.py      that YAML, checked
crew_tools.py         tools in the hands of a crew's agents
evidence.py           every tool result of a crew under an id, every field under a path
finding.py            what a crew hands back: references to evidence, and reasons between them
claims.py             what a sentence asserts
verification.py       of what a crew says, only what the evidence supports stays
report.py             typed tool results to Markdown, in English and Chinese, by the `report.py` of each slice
"""
