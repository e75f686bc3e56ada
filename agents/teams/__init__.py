"""The three teams: evaluation, deployment, governance.

turn.py               plan -> act -> deliberate (verified) -> report
outcomes.py           results, what waits for an approval, what was refused, what a later turn may do
crew.py               the crews that deliberate, in CrewAI's Flow; deployment/ and governance/ hold their YAML
crew_tools.py         read tools for the agents of a crew
verification.py       of what a crew says, only what the evidence supports stays
report.py             typed tool results to Markdown, in English and Chinese, by the renderers of
rollout_report.py     rollouts, factories, pipelines, evidence
governance_report.py  licences, gates, approvals, the audit log, policies, tenants
roster_report.py      models, versions, aliases, evaluations
fleet_report.py       devices
markdown.py           tables and fields
"""
