"""Citation check: a statement stands only when the evidence has it.

relevance.py  whether passages have to do with a question
quotes.py     which sentences of the passages answer it
widening.py   from a sentence to its list or short paragraph
claims.py     whether a sentence that a model wrote is carried by the evidence
polarity.py   what a sentence denies, doubts, demands and limits
places.py     the sentences of a passage, with what stands around them
wording.py    a sentence as figures, codes, words and characters, and the order in which two sentences have them
"""
