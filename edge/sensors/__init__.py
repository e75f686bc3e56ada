"""What the device measures.

configuration   the sensors of this device, from its file of sensors
drivers         where a value comes from: a simulation, a file, or registers over Modbus-TCP
board           all sensors together: samples, what is wrong with them, those of the last days; their tools
"""
