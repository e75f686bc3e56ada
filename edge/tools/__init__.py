"""What the device can do: typed functions, called only through the `Toolbox`.

tool           a typed function as a tool; results in plain JSON, and not too large
registry       the policy, and the box that checks, records and limits every call
deadline       the running call: its caller, the time it has left, its end
health         processor, memory, disk, temperature
logs           searching logs
diagnostics    commands from an allow-list
reports        notes and alerts
evaluation     measuring the device's model

`edge.device` puts them together, with those of `edge.knowledge.pack_store` and `edge.sensors.board`.
"""
