"""The lifecycle of the device's model: fetched, verified, created, warmed, tested, and only then used.

store      where each version stands, on disk
steps      what is done with a version, its self-test, and which others are evicted for it
lifecycle  one step at a time, from what is desired to what runs; health checks; the model that runs now
"""
