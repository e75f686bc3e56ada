"""What a message says: the names, references and quantities in it, English and Chinese; nothing of what it wants.

entities.py          everything with a name that the caller may read: a snapshot of the ledger
linking.py           mentions of what exists or looks like it, and references to what was named before
quantities.py        shares, times, counts, rates, schedules, sizes, quoted words
published_models.py  names of the catalogue's models
words.py             which words say a kind, and which are ordinary
"""
