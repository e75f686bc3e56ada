"""The model gateway: OpenAI's HTTP API over every version that the hub's runtimes serve.

    routes.py        the endpoints
    requests.py      what clients send, typed
    failures.py      the error tree in OpenAI's shape
    streaming.py     answers as server-sent events
    leaving.py       clients that go away
    gateway.py       a request finds its version, falls back, is counted
    routing.py       which version answers a caller (pure)
    trying.py        one try: its limits of time, its configuration
    attempts.py      what one try took and how it ended
    limits.py        quotas and rate limits
    metering.py      usage, written in batches off the hot path
    shadowing.py     copies for versions whose answers nobody sees
    ports.py         what it must be told, and whom it tells
    warming.py       every arm of every target ready to serve
    opening.py       put together
    ledger_ports.py  what can be asked for, over the ledger
    ledger_usage.py  usage and limits, over the ledger

Nothing here knows llama.cpp, Ollama or the ledger but `opening.py` and `ledger_*.py`.
"""
