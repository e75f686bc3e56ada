"""Which version answers: weighted rendezvous hashing, pure.

Each version draws a number from the target's name, its own name and the caller's key, and the best draw for its weight
wins. So a caller keeps its version while the weights stand; shares are as the weights, for any number of versions; and
raising one version's weight moves callers to it and from it to nobody.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b

from server.gateway.ports import Arm, Traffic

__all__ = ["chosen_arm", "order_of_tries", "share_of"]


def chosen_arm(target: str, arms: Sequence[Arm], key: str) -> Arm | None:
    """The arm of this caller; None where every weight is 0.

    The draw is that of Thaler and Ravishankar's rendezvous hashing (1998), weighted as an exponential race:
    the least of -ln(u) / weight, u uniform in (0, 1).
    """
    open_arms = [arm for arm in arms if arm.weight > 0]
    if len(open_arms) < 2:
        return open_arms[0] if open_arms else None
    return min(open_arms, key=lambda arm: (-math.log(share_of(target, arm.label, key)) / arm.weight, arm.label))


def order_of_tries(traffic: Traffic, key: str) -> list[Arm]:
    """The chosen arm, then those that stand in for it: the other open arms, greatest weight first, then fallbacks.

    An arm of weight 0 is never tried: it is being prepared, or has been found bad.
    """
    first = chosen_arm(traffic.target, traffic.arms, key)
    others = sorted(traffic.arms, key=lambda arm: (-arm.weight, arm.label))
    order = [first] if first else []
    order += [arm for arm in others if arm.weight > 0 and arm is not first]
    closed = {arm.version for arm in traffic.arms}
    return order + [Arm(version, 0) for version in dict.fromkeys(traffic.fallbacks) if version not in closed]


def share_of(*parts: str) -> float:
    """A number in (0, 1), always the same for the same strings and evenly spread over different ones."""
    digest = blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 11) + 0.5) / 2.0**53
