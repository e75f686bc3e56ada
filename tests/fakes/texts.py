"""Sentences for tests that need some."""

__all__ = ["ENGLISH"]

ENGLISH = [
    "The gateway lowers its clock when the SoC is hotter than 85 degrees.",
    "How do I promote the challenger?",
    "May we ship qwen2.5-3b in a product?",
    "Firmware is signed twice before it is shipped.",
    "fan",
    "Replace the battery when its capacity falls below 60 percent of what it was, and note the serial number. " * 4,
]
