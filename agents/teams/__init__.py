"""The three teams: evaluation, deployment, governance.

turn.py             plan -> act -> deliberate (verified) -> report
outcomes.py         results, what waits for an approval, what was refused, what a later turn may do
crew.py             the crews that deliberate, in CrewAI's Flow; deployment/ and governance/ hold their YAML
verification.py     only what the evidence carries stays
report.py           typed tool results to Markdown, in English and Chinese; *_report.py by domain
"""
