"""Device sync: enrolment, transport, events up, desired state down, artifacts.

transport   the link to the hub, over the Model Context Protocol
enrolment   how the device comes to know its hub, once
exchange    events up, desired state down
artifacts   content by its digest, fetched in parts
"""
