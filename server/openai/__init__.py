"""OpenAI's HTTP API over the gateway of `tools/serving`.

routes.py           the endpoints
requests.py         what clients send, typed
answers.py          server-sent events, failures in OpenAI's shape, clients that go away
own_models.py       what the hub itself answers as a model: the supervisor, the embedder
legacy_logprobs.py  probabilities of tokens as `/v1/completions` has them
"""
