"""Devices at the edge: enrolment, sync, desired state, events, waves of a rollout.

identity         the hub's id and signing key
credentials      who a device or an enrolment token is, and what it may do
enrolment        one-time tokens, and the enrolment of a device under one
sync             one exchange: a batch of events up, changed desired state down
event_intake     deduplication and order of events; what cannot be kept is set aside
event_effects    alerts, answers and questions that follow from events
desired_state    desired state of a device, from the items for all, for its group and for itself
artifacts        contents that devices fetch, in ranges
waves            model versions for the devices that a rollout has reached
packs            knowledge packs: pack_file their format, word_vectors their embeddings
devices, health, configuration, jobs, questions   operations of people on devices
tools            all operations together
"""
