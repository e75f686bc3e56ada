"""The company's documents on the device, as far as the hub has sent them.

pack        one knowledge pack: opened once it is what the hub signed, then searched
ranking     what makes one list of what words and vectors found
shelf       all packs of the device
"""
