"""What device and hub share, and nothing else: the one part of `edge` that the hub imports. Needs pydantic alone.

canonical        canonical JSON, and the digest of a value
errors           every error that is raised on purpose, in one tree
folding          spellings that a reader takes for the same
gguf             the header of a GGUF file, checked before anything serves it
grounding        figures, units and codes of a text in one form, so that a model's can be checked against evidence
language         which of the two languages a text is in
llama_child      a llama.cpp server in a child process
names            the known names that are nearest to a wrong one
protocol         what device and hub send each other: signatures, events, desired state, jobs, packs
slim_imports     packages without the parts that a device has no memory for
text_analysis    the index terms of a text
"""
