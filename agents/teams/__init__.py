"""The three teams: evaluation, deployment, governance, each run as a CrewAI Flow.

flow.py             plan -> act -> deliberate (verified) -> report
outcomes.py         results, what waits for an approval, what was refused, what a later turn may do
crew.py             the crews that deliberate; deployment/ and governance/ hold their agents.yaml and tasks.yaml
verifying.py        only what the evidence carries stays
report.py           typed tool results to Markdown, in English and Chinese
rollout_report.py, governance_report.py, roster_report.py, works_report.py   the same for the factory's tools
undone.py           what waits, and what was refused
"""
