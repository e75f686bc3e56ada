"""Rollouts: moving a target from one version to another in steps, judged on the way, and back again at once.

    targets.py          what a target serves: arms of version and configuration, with weights
    plans.py            strategies (canary, blue-green, rolling, recreate, shadow), and the steps that each comes to
    canary_analysis.py  is the new version worse? promote, roll back, or inconclusive
    e_process.py        its evidence on two shares, always valid
    response_times.py   times of answers by bucket
    sequential_test.py  confidence sequences of absolute limits and scores, always valid
    forecast.py         how long a rollout takes at today's traffic
    rollout.py          persistent state, observations, actions
    machine.py          the state machine and people's commands, pure
    world.py            what rollouts observe: metrics, waves of devices, gate, approvals, runtimes
    measurements.py     what the arms of serving targets did lately; the tool that records quality scores
    reconciler.py       collects observations; rollouts as durable work (`tools.runs`)
    store.py            the store over the ledger
    tools.py            the operations, and what they show
    report.py           what the operations give, as Markdown

The ledger holds the desired state of a target; the gateway and the devices make it so.
"""
