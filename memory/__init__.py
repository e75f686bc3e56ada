"""What the system knows: the ledger, its mirrors, retrieval and the threads."""
