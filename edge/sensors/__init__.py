"""What the device measures.

configuration   the sensors of this device, from its file of sensors
drivers         where a value comes from: a simulation, a file, or registers over Modbus-TCP
mqtt, opcua     the same over MQTT and OPC UA, each by a library that is an extra
fields          a value within JSON, by a path
units           what converts into what
board           all sensors together: samples, what is wrong with them, those of the last days; their tools
watches         standing alerts: a number that a sensor crosses
"""
