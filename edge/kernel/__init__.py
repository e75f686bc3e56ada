"""What device and hub share. The standard library and pydantic are all that it needs.

function_schema  a typed function as a description and a schema of its arguments
grounding        figures, units and codes of a text in one form, so that a model's can be checked against evidence
language         which of the two languages a text is in
names            the known names that are nearest to a wrong one
slim_imports     packages without the parts that a device has no memory for
"""
