"""From an utterance to validated tool calls, or to a question back; deterministic.

linking.py    names in the utterance that exist: models of the catalogue
plan.py       which tool calls a team makes
"""
