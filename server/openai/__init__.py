"""OpenAI's HTTP API over the gateway of `tools/serving`.

routes.py       the endpoints
requests.py     what clients send, typed
streaming.py    answers as server-sent events
disconnects.py  clients that go away
failures.py     the error tree in OpenAI's shape
"""
