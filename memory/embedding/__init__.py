"""Sentence embeddings: the port, MiniLM behind it, and its quantised weights."""

from memory.embedding.embedder import Embedder, MiniLM, find_minilm, load_minilm

__all__ = ["Embedder", "MiniLM", "find_minilm", "load_minilm"]
