"""What device and hub share, and nothing else: the one part of `edge` that the hub imports. Needs pydantic alone.

errors      every error that is raised on purpose, in one tree
canonical   canonical JSON, and the digest of a value
protocol    what device and hub send each other: signatures, events, desired state, jobs, packs
"""
