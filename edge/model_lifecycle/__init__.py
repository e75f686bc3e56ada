"""The lifecycle of the device's model: fetched, verified, created, warmed, tested, and only then used.

store      where each version stands, on disk
evictions  which versions are evicted for a new one
steps      what is done with a version, and its self-test
lifecycle  one step at a time, from what is desired to what runs; health checks; the model that runs now
"""
