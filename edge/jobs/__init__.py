"""Scheduled jobs of a device: signed, sandboxed, retried.

schedule   when a job is due, whatever the clock does, and which waiting run goes first
store      jobs and their runs, on disk
sandbox    one run in a child process, within limits; both sides of it
group      all processes of a run together: counted, limited, killed
runner     all of it together
"""
