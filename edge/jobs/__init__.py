"""What the hub has this device do by itself, and when.

schedule   when a job is due, whatever the clock does
store      jobs and their runs, on disk
order      which of the waiting runs goes first
sandbox    one run in a process of its own, within limits
child      that process
jobs       all of it together
"""
