"""How a device and its hub come to the same, over any link.

transport      what the rest needs of a link
mcp_transport  the link over the Model Context Protocol
enrolment      how the device comes to know its hub, once
rounds         one exchange: events up, desired state down
artifacts      content by its digest, fetched in parts
backoff        how long to wait before trying again
"""
