import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.rollouts.e_process import Share
from tools.rollouts.response_times import BUCKETS, Times, bucket_of, buckets_longer, edge_s


@given(st.floats(min_value=1e-4, max_value=900.0))
def test_a_time_lies_in_its_bucket(seconds: float) -> None:
    bucket = bucket_of(seconds)
    assert edge_s(bucket) <= seconds * (1 + 1e-9)
    assert seconds < edge_s(bucket + 1) * (1 + 1e-9)


def test_what_is_outside_goes_to_the_ends() -> None:
    assert (bucket_of(0.0), bucket_of(1e9)) == (0, BUCKETS - 1)


def test_a_quantile_is_the_bucket_that_holds_it() -> None:
    times = Times.of([1.0] * 95 + [30.0] * 5)
    assert (times.quantile(0.5), times.quantile(0.95), times.quantile(0.99)) == (
        bucket_of(1.0), bucket_of(1.0), bucket_of(30.0),
    )  # fmt: skip
    assert times.quantile_s(0.99) == pytest.approx(30.0, rel=0.05)
    assert math.isnan(Times().quantile_s(0.5))
    with pytest.raises(ValueError, match="no quantile"):
        Times().quantile(0.5)


def test_the_share_of_longer_times() -> None:
    assert Times.of([0.1, 0.2, 0.4, 0.8]).from_bucket(bucket_of(0.4)) == Share(2, 4)


def test_a_slowdown_is_never_rounded_down() -> None:
    assert (buckets_longer(1.0), buckets_longer(0.25), buckets_longer(3.0)) == (8, 3, 16)
    assert edge_s(buckets_longer(0.5)) / edge_s(0) >= 1.5
