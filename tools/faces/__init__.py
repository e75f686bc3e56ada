"""How other frameworks see the tools. Each face is thin, calls only `ToolSpec.call`, and validates nothing itself.

    mending.py      which errors a model may try to mend
    blocking.py     one call from a framework that does not await
    langchain.py    LangChain and LangGraph
    smolagents.py   smolagents

CrewAI's face is in `agents/teams/crew_tools.py`; HTTP's and MCP's are in `server`.

A framework that checked the arguments itself would keep bad calls away from the specification, and so out of the audit
log, and would tell of them in its own words. So each is given the JSON Schema for its model to see, and hands on what
comes back as it is.
"""
