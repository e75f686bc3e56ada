"""What the device measures.

port            a driver: where a sensor's value comes from
configuration   the sensors of this device, from its file of sensors
simulator       values made from a seed, with faults
file            a number in a file: sysfs, or JSON that another program writes
modbus          registers over Modbus-TCP
board           all sensors together: reading, and what is wrong with a value
history         the readings of the last days
"""
