"""The life of the device's model: fetched, verified, created, warmed, tested, and only then used.

port      what it asks of the rest of the device
store     where each version stands, on disk
room      which versions give way to a new one
limits    how patient it is
trying    the self-test
steps     what is done with a version
health    whether the running one still answers
life      one step at a time, from what is desired to what runs
current   the model that runs now, whichever that is
"""
