"""What the device can do: typed functions, called only through the `Toolbox`.

registry       a tool, the policy, and the box that checks, records and limits every call
deadline       the running call: its caller, the time it has left, its end
result_limits  results in plain JSON, and not too large
health         processor, memory, disk, temperature
sensors        reading sensors, and what they gave before
logs           searching logs
diagnostics    commands from an allow-list
reports        notes and alerts
evaluation     measuring the device's model
assembly       all of them, with the tool of `edge.knowledge.pack_store`
"""
