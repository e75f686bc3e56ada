"""The three teams: evaluation, deployment, governance, each run as a CrewAI Flow.

flow.py       plan -> act -> report
report.py     typed tool results to Markdown, in English and Chinese
"""
