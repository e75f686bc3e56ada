"""Language models by name: one place where `provider:name` becomes a chat model over the gateway.

reference.py   `provider:name` read and checked
resolve.py     which model the settings mean, how large it is, how much it reads
ollama.py      what an Ollama server has (its HTTP API, standard library only)
chat.py        the LangChain chat model of every provider
streaming.py   text deltas under time limits
probe.py       what `chargehand doctor` and the roster report about models
"""
