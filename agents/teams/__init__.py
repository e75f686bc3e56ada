"""The three teams: evaluation, deployment, governance.

turn.py               act -> deliberate (verified) -> report
outcomes.py           results, what waits for an approval, what was refused, what a later turn may do
refusals.py           why an order was not done, in words for people, in Chinese by refusals.yaml
secrets.py            keys and tokens that are shown once, cut from what is kept
frames.py             what a turn leaves in its thread's frame
crew.py               the crews that deliberate, in CrewAI's Flow: limits, cancellation, five ways to work together
configuration.py      agents.yaml and tasks.yaml of evaluation/, deployment/ and governance/
crew_tools.py         the tools in the hands of agents: they read, and propose changes
prompts.py            what an agent is told, cut to what its model reads
evidence.py           tool results under ids, their fields under paths, what they tell of as records
finding.py            what a crew hands back: references rendered by code, and reasons
verification.py       of the reasons, only sentences of which the evidence carries everything stay
clauses.py            one clause held against the evidence
claims.py             what a sentence asserts, by claims.yaml and plain_words.yaml
report.py             typed tool results to Markdown, in English and Chinese, by the `report.py` of each slice
"""
