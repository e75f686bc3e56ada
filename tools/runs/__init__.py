"""Durable work: runs that go on by themselves, step by step, whenever a process dies.

A kind of work (rollouts, pipelines) states what this needs of it as a `Work` (`work.py`): a store with the due query,
and a step function. A `Worker` (`worker.py`) then does the rest, with nothing in memory between two looks:

    claim      leases the runs that are due, the longest due first, for this process
    heartbeat  renews the leases while a step takes long, and tells the step when it should stop
    step       what each run comes to, by what is observed now; changes nothing
    commit     the run as it is next, with all that belongs to it, in one transaction under the lease
    back-off   a run that fails is looked at later, and each time later
    events     what happened to a run, in order; `watch` (`events.py`) follows them to its end
    cancel     a person's change wins over a step that was under way; a long step learns of it at the next heartbeat

Killed at any instant, a process loses nothing and does nothing twice:

    before a claim             nothing has happened
    between claim and commit   nothing has changed; the run is looked at again when the lease is over, or at once by a
                               process of the same name
    during a commit            all of it happened, or nothing
    after a commit             the next look goes on from there

A step may be computed again, so what it does outside its own commit must bear that. Two workers that have one run, by a
lease that ran out too early, both compute the step; the store lets one commit through.
"""
