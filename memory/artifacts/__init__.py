"""The contents that models are made of, kept by the SHA-256 of what they are.

    pieces.py  a content's digests, piece by piece: what a part of it is checked against
    store.py   put, read, check, delete and collect, in a folder or at any address that fsspec opens

A content is whole or not there, and whatever is read was checked: a store that was altered is found out, not believed.
Which tenant has which content is the ledger's business (`memory/ledger/versions.py`).
"""

from memory.artifacts.store import ArtifactStore, Stored, open_artifacts

__all__ = ["ArtifactStore", "Stored", "open_artifacts"]
