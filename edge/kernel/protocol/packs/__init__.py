"""Knowledge packs: what the hub writes and the device reads. Both sides must agree on every letter of it.

terms       a text's index terms
layout      the file: tables, numbers, vectors
"""
