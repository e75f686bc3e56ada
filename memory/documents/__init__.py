"""Documents: from files to the chunks that retrieval searches.

files.py      which files below a path are documents, and what is passed over
ingest.py     files and folders into the ledger, idempotent by content hash
parsing/      a file's bytes to its text and sections
chunking.py   sections to chunks small enough to embed
passages.py   the types: document, section, chunk, passage
blocks.py     paragraphs, lists, tables and code in a text
sentences.py  sentences of a text
sections.py   the section around a stored passage, and those beside it
"""
