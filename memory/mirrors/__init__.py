"""Mirrors: what other stores hold of the ledger's documents, carried to them by the outbox projection.

    projection.py    what a mirror is, and how the ledger's changes are applied to it, up to its watermark
    lexical.py       BM25 in SQLite FTS5
    vectors.py       embeddings, kept by chroma.py

One more mirror is one more module with a `Mirror`, and its name in `memory/store.py`.
"""
