"""Law 1: a statement stands only when the evidence has it.

quotes.py     which sentences of the passages answer the question, and whether any does
widening.py   from a sentence to its list or short paragraph
claims.py     whether a sentence that a model wrote is carried by the evidence
attitude.py   what a sentence denies, doubts, demands and limits
places.py     the sentences of a passage, with what stands around them
wording.py    a sentence as figures, codes, words and characters
numbers.py    figures and codes in a text, in one form
"""
