"""The evaluation engine: what was measured, and the measures themselves."""
