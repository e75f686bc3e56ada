"""The chat: turns of a conversation, their events in the AG-UI format, and runs that can be followed and cancelled.

conversation.py   one turn through the supervisor graph, from message to answer or recorded failure
agui.py           turn events to AG-UI events
runs.py           turns running in the hub: followed, resumed after a lost connection, cancelled
routes.py         their HTTP routes
messages.py       what a message may be, and what may name its thread and its run
"""
