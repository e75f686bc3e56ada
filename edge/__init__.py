"""The device side. It is installed alone and imports nothing of the other rooms."""
