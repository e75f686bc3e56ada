"""The three teams: evaluation, deployment, governance.

turn.py               plan -> act -> deliberate (verified) -> report
outcomes.py           results, what waits for an approval, what was refused, what a later turn may do
crew.py               the crews that deliberate, in CrewAI's Flow; deployment/ and governance/ hold their YAML
verification.py       of what a crew says, only what the evidence supports stays
report.py             typed tool results to Markdown, in English and Chinese, by the `report.py` of each slice
"""
