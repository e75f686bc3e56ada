"""A hub and devices in virtual time, where everything may fail; the same seed gives the same course.

loop      an event loop whose time passes only when nothing else is left to do
disks     SQLite files that crash their process at commits, and disks that are full
links     links that drop, delay, duplicate, reorder, truncate and alter
devices   a device's process, its disk and its clock
order     in which order what a device recorded may come
hubs      what a hub must be for the simulation
world     what happens to all of them, and what must hold in the end
"""
