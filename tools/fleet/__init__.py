"""Devices at the edge: enrolment, syncing, what they shall be, what they said.

identity.py    who the hub is to devices: an id and a signing key
callers.py     who a device or a token is, and what it may do
enrolling.py   one-time tokens, and what a device gets for one
syncing.py     one exchange: events up, desired state down
receiving.py   events: taken once and in order, or set aside
state.py       what one device shall be, from the items for all, for its group and for itself
changing.py    putting and removing items
contents.py    where artifacts lie
fetching.py    ranges of artifacts, for the devices that are to have them
waves.py       models for the devices that a rollout has reached
devices.py, watching.py, orders.py, jobs.py, asking.py   what people do with devices
"""
