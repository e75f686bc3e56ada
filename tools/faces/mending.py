"""Which errors a model may try to mend with another call; all others end its run."""

from edge.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = ["MENDABLE"]

MENDABLE = (InvalidInput, NotFound, Conflict)
"""Other arguments may help. No argument gives a right, an approval, a passed gate or a service that answers."""
