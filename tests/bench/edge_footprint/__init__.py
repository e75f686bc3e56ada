"""What one agent costs a device, beside the two usual ways to put an agent on Ollama."""
