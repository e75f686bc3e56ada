"""OpenAI's HTTP API over the gateway of `tools/serving`.

routes.py       the endpoints
requests.py     what clients send, typed
answers.py      server-sent events, failures in OpenAI's shape, clients that go away
"""
