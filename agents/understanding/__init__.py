"""From a message to what it asks for: calls, a question back, a document query, help, or nothing.

understanding.py         the port, and its implementation by the examples of the slices
interpretation.py        its one result; route.py shows where a message went, and why
frame.py                 what a thread's last turn did, spoke of, asked and proposed
continuations.py         what a message is to the frame: an answer, a correction, the same again; undo.py inverts
candidates.py            which operations a message may mean, and how well it fills them
settling.py              from a filled operation to a call, or to a question before it (questions.py, questions.yaml)
caution.py               what keeps an order from being carried out: exceptions, denials, hedges
wording.py               a call in canonical words
model_planner.py         a capable model plans; proposals.py lets through what the message carries

examples.py              what people say to each tool: the YAML beside its module
operation_classifier.py  ranks operations; slot_tagger.py marks arguments; features.py is what both see of tokens.py
slots.py                 marked words, names and quantities to arguments; arguments.py reads them from the schema
conversions.py           a mention of another kind than a slot wants; regions.py reads countries and groups of them
several.py               one order for several things
training.py              learns all that from the examples (training_set.py); weights.py reads and writes weights.npz

parsed_message.py        names, references, quantities and clauses of a message
entities.py              everything with a name that the caller may read: a snapshot of the ledger
linking.py               mentions of what exists or looks like it, and references; masking.py hides quoted text
quantities.py            shares, times, counts, rates, schedules, sizes, quoted words
published_models.py      names of the catalogue's models
speech_act.py            orders, questions, talk, conditions, retractions: english_moods.py, chinese_moods.py
words.py                 which words say a kind, and which are ordinary
"""
