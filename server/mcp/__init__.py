"""The tools over the Model Context Protocol, revisions 2026-07-28 and 2025-11-25.

server.py       the server over a set of tools, whatever the transport, and over stdin and stdout
http.py         streamable HTTP at `/mcp`
profiles.py     which tools a client is offered, in pages
ask.py          the assistant as one tool
elicitation.py  questions back to the person at the client
prompts.py      messages that a client offers to send
resources.py    the documents, and completions of names
metadata.py     what a client finds out before it has a key
"""
