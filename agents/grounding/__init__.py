"""Citation check: a statement stands only where the evidence has it.

evidence.py   how well passages answer a message of any kind, and how sure that is
question.py   a message as content terms and the kind of answer that it wants
kinds.py      kinds of answers: what asks for an amount, a time, a yes or no, and what shows one
matching.py   how far each sentence covers a question, by its words and words of like meaning
relevance.py  how rare a question's words are among the documents
forms.py      a fact, a summary, a comparison, or documents themselves
languages.py  languages other than English and Chinese
tables.py     the rows that answer, in tables of yes and no
quotes.py     which sentences of the passages are quoted
widening.py   from a sentence to its list or short paragraph
claims.py     whether a sentence that a model wrote is supported by the evidence (the citation check)
polarity.py   what a sentence denies, doubts, demands and limits
places.py     the sentences of a passage, with what stands around them
wording.py    a sentence as figures, codes, words and characters, and the order in which two sentences have them

Figures and codes are found in a text by `edge/kernel/grounding.py`, which devices use, too.
"""
