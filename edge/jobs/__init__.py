"""What the hub has this device do by itself, and when.

schedule   when a job is due, whatever the clock does, and which waiting run goes first
store      jobs and their runs, on disk
sandbox    one run in a process of its own, within limits
child      that process
runner     all of it together
"""
