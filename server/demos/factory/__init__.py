"""`make demo-factory`: the whole life of a model version, played and printed with real calls to a real hub.

__main__.py        the parts in their order
traffic.py         people who ask the model meanwhile
faulty.py          a model server that fails most requests
"""
