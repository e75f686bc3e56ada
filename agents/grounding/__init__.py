"""Citation check: a statement stands only where the evidence has it.

relevance.py  what passages can be to a question, and how rare its words are
evidence.py   how well passages answer a message, and how sure that is (question.py, kinds.py, matching.py)
forms.py      what form of answer a question asks for
languages.py  languages other than English and Chinese
quotes.py     which sentences of the passages answer it
widening.py   from a sentence to its list or short paragraph
claims.py     whether a sentence that a model wrote is supported by the evidence (the citation check)
polarity.py   what a sentence denies, doubts, demands and limits
places.py     the sentences of a passage, with what stands around them
wording.py    a sentence as figures, codes, words and characters, and the order in which two sentences have them

Figures and codes are found in a text by `edge/kernel/grounding.py`, which devices use, too.
"""
