"""From an utterance to validated tool calls, or to a question back; deterministic.

plan.py            which tool calls a team makes; "yes", "go on"
calls.py           plans and planned calls
known.py           snapshot of the names in the ledger, as far as the caller may see them
entity_linking.py  names in the utterance that exist, or look as if they should
quantities.py      percentages, times, counts, quotas
speech_act.py      an order, a look, or only talk about it
messages.py        words that are carried to a device as they are
parsed_message.py  all of these taken out of an utterance, and the words that are left
operations/        what can be asked for in words, by domain
slot_filling.py    a capable model fills in what is open; shown before it is done
questions.py       what is asked back; its words are in questions.yaml
"""
