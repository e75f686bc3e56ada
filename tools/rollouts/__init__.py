"""Rollouts: moving a target from one version to another in steps, judged on the way, and back again at once.

    targets.py       what a target serves: arms of version and configuration, with weights
    strategies.py    canary, blue-green, rolling, recreate, shadow
    plans.py         the steps that a strategy comes to
    analysis.py      is the new version worse? promote, roll back, or inconclusive
    rollout.py       what is remembered, what is seen, what is to be done
    machine.py       the state machine, pure
    commands.py      what people may do to a rollout: pause, resume, abort, promote now, retry
    store.py         ports: what the reconciler needs of the ledger and of the world
    observing.py     looks at the world for one rollout
    reconciler.py    drives open rollouts; may die at any instruction
    measurements.py  what the arms of serving targets did lately
    ledger_store.py  the store over the ledger
    ledger_world.py  gates, approvals and devices, as the ledger knows them
    tools.py         the operations; views.py what they show

The ledger holds what is wanted of a target; the gateway and the devices make it so.
"""
