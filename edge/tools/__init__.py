"""What the device can do: typed functions, called only through the `Toolbox`.

registry    a tool, and the box that checks, records and limits every call
policy      what the hub allows this device to do
deadline    the time that the running call has left
caller      for whom it is made
health      processor, memory, disk, temperature
sensors     reading sensors, and what they gave before
logs        searching logs (log_lines: their files, log_times: their clocks)
diagnostics commands from an allow-list (commands: running one)
reports     notes and alerts
knowledge   searching the knowledge packs
evaluation  measuring the device's model
assembly    all of them
"""
