"""Understanding: what a message says: the names, references and quantities in it."""
