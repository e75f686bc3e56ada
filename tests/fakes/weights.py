"""The weight cache that all tests share: weights of the present inputs are made once, in whatever run comes first."""

from memory.settings import Settings

__all__ = ["WEIGHT_CACHE"]

WEIGHT_CACHE = Settings(_env_file=None).cache.expanduser().absolute()
"""Read when the tests begin, before any of them gives itself another home."""
