"""Devices at the edge: enrolment, sync, desired state, events, waves of a rollout.

credentials    identity and signing key of the hub; credentials of devices and enrolment tokens
enrolment      one-time tokens, and the enrolment of a device under one
sync           one exchange: a batch of events up, changed desired state down; ranges of artifacts
events         deduplication and order of events; alerts, answers and questions that follow from them
desired_state  desired state of a device, from the items for all, for its group and for itself
configuration  desired items that people set: configuration, policy, prompts, packs, models, signed jobs
waves          model versions for the devices that a wave of a rollout has reached
devices        devices and groups, health of the fleet, recorded events
questions      questions to and from devices
tools          all operations together
report         what the operations give, as Markdown
"""
