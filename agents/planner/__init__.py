"""From an utterance to validated tool calls, or to a question back; deterministic.

linking.py      names in the utterance that exist: models of the catalogue
known.py        snapshot of the names in the ledger, as far as the caller may see them
names.py        where a name stands, whatever its hyphens and case
messages.py     words that are carried to a device as they are
mentions.py     names in the utterance that exist, or look as if they should
quantities.py   percentages, times, counts, quotas
speech_act.py        an order, a look, or only talk about it
reading.py      all of these taken out of an utterance, and the words that are left
operations/     what can be asked for in words
ordering.py     from an utterance to one of the operations
questions.py    what is asked back
filling.py      a capable model fills in what is open; shown before it is done
resuming.py     "yes", "go on"
calls.py        plans and planned calls
plan.py         which tool calls a team makes
"""
