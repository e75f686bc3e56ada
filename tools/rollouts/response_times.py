"""Times of answers as counts by bucket, so that tails can be compared without each single time.

Buckets are eighths of a doubling, from 0.1 ms to about 17 minutes: a time is known to 9 percent.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from tools.rollouts.e_process import Share

TimeKind = Literal["answer", "stream", "first_token", "token"]
"""Of a whole answer that was not streamed; of one that was; until its first text; from one token to the next."""
TIME_KINDS: tuple[TimeKind, ...] = get_args(TimeKind)

BUCKETS = 186
_FIRST_S = 0.0001
_PER_DOUBLING = 8


def bucket_of(seconds: float) -> int:
    """The bucket that a time falls into; the first and the last one take what lies outside."""
    if seconds <= _FIRST_S:
        return 0
    return min(BUCKETS - 1, math.floor(_PER_DOUBLING * math.log2(seconds / _FIRST_S)))


def edge_s(bucket: int) -> float:
    """Where a bucket begins, seconds."""
    return _FIRST_S * 2.0 ** (bucket / _PER_DOUBLING)


def buckets_longer(slowdown: float) -> int:
    """How many buckets further a time is that is longer by this share, rounded up: 0.5 is half as long again."""
    return math.ceil(_PER_DOUBLING * math.log2(1.0 + slowdown) - 1e-9)


@dataclass(frozen=True, slots=True)
class Times:
    """How many times fell into each bucket; empty buckets are left out."""

    counts: Mapping[int, int] = field(default_factory=dict[int, int])

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Times":
        return cls(dict(sorted(Counter(bucket_of(one) for one in seconds).items())))

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def from_bucket(self, bucket: int) -> Share:
        """Those in this bucket and the longer ones, of all."""
        return Share(sum(count for at, count in self.counts.items() if at >= bucket), self.count)

    def quantile(self, share: float) -> int:
        """The bucket that holds this quantile. Raises ValueError: there are no times."""
        wanted, seen = share * self.count, 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return bucket
        raise ValueError("no times, no quantile")

    def quantile_s(self, share: float) -> float:
        """The middle of the bucket that holds this quantile, seconds; NaN without times."""
        return edge_s(self.quantile(share)) * 2.0 ** (0.5 / _PER_DOUBLING) if self.counts else math.nan
