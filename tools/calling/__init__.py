"""What a tool call runs in: who calls (`context`), its `transaction`, and the `approval` that it takes."""
