"""The company's documents on the device, as far as the hub has sent them.

pack        one knowledge pack: opened once it is what the hub signed, then searched
pack_store  all packs of the device, and the tool that searches them
"""
