"""The wire protocol of device and hub.

signing     Ed25519 keys, signed envelopes, signed requests
events      what a device records, and what may happen to each kind when room runs out
messages    the arguments and results of `edge_enroll`, `edge_sync` and `edge_artifact`
desired     the items of which a device's desired state consists
jobs        what runs on a device, and when; cron expressions
artifacts   references to content, and ranges of it
pack_file   the file of a knowledge pack
device_tools  the tools, limits and settings that a device knows, for the hub to refuse others
"""
