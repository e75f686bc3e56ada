"""What the device can do: typed functions, called only through the `Toolbox`.

registry    a tool, and the box that checks, records and limits every call
policy      what the hub allows this device to do
deadline    the time that the running call has left
"""
