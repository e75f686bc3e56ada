"""LangGraph: the supervisor, the retrieval subgraph and what they are built from."""
