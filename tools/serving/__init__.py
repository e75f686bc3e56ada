"""The only road to a model: the chat's own, the crews', and those that clients ask for. It is routed and metered here.

    assembly.py           the serving of one hub, put together
    gateway.py            a request finds its version, falls back, keeps its limits, is metered and mirrored to shadows
    routing.py            which version answers a caller; the port of what there is to ask for
    attempts.py           one attempt at one version: limits of time, what it took, how it ended
    rate_limits.py        rate limits and quotas of tenants
    metering.py           usage, written in batches off the hot path; whom the hub's own use is charged to
    warm_up.py            every arm of every target ready to serve
    ledger.py             these ports over the ledger
    configuration.py      how a version is served, as its card and its targets say
    runtime.py            the port of a runtime: versions, endpoints, progress, health
    ollama.py             Ollama
    llamacpp.py           llama.cpp, a child process for each version, watched and started again
    openai_compatible.py  any server that speaks OpenAI's HTTP API
    tool_calls.py         tool calls under a JSON Schema, for runtimes that hold no model to them
    client.py             the HTTP client of these
    providers.py          providers of models: where each is asked, and with which key; the bundled model

No HTTP is served here (see `server/openai`), and no client library is imported before its runtime is used.
"""
