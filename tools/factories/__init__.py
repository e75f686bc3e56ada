"""Model factories: templates by which the versions of a model are made, judged and rolled out.

templates.py   what a factory is written in, and what it insists on
tools.py       the operations
"""
