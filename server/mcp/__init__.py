"""The tools over the Model Context Protocol, revisions 2026-07-28 and 2025-11-25.

presentation.py   a tool, a result and an error as MCP's types
server.py         the server over a set of tools, whatever the transport
http.py           streamable HTTP at `/mcp`
stdio.py          stdin and stdout
"""
