"""The tools over the Model Context Protocol, revisions 2026-07-28 and 2025-11-25.

server.py   the server over a set of tools, whatever the transport, and over stdin and stdout
http.py     streamable HTTP at `/mcp`
"""
