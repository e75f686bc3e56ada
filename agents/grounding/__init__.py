"""Law 1: a statement stands only when the evidence has it.

quotes.py    which sentences of the passages answer the question, and whether any does
claims.py    whether a sentence that a model wrote is carried by the evidence
numbers.py   figures in a text, in one form
"""
