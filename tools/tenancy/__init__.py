"""Who the hub is shared among: tenants with their quotas, principals and their API keys.

tenants.py       tenants, isolation, quotas, use
api_keys.py      keys, and who calls with one
"""
