"""Deployment pipelines: versions are taken through stages with quality gates, approvals and rollouts.

run.py         stages, a run through them, and how it is advanced
tools.py       the operations, and what they show
reconciler.py  runs as durable work: they go on by themselves
report.py      what the operations give, those of factories too, as Markdown
"""
