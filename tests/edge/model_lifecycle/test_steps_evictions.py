"""Old versions give way to a new one, as few as that takes, and never those that must stay."""

from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget
from edge.model_lifecycle.steps import Budget, Shortage, select_evictions
from edge.model_lifecycle.store import Version


def version(name: str, base: int, size: int, age: int = 0) -> Version:
    ref = ArtifactRef(digest=f"sha256:{base:064x}", size_bytes=size)
    return Version(name, name, ModelTarget(key=name, version=name, base=ref), "llama", "good", 0, 0, "", age)


def test_a_base_that_is_there_takes_no_more_room():
    kept = [version("a", 1, 60)]
    assert select_evictions(version("new", 1, 60), kept, {"a"}, free_bytes=0, budget=Budget(60, 100)) == []


def test_the_oldest_goes_first_and_no_more_than_needed():
    kept = [version("a", 1, 30), version("b", 2, 30), version("c", 3, 30)]
    leaving = select_evictions(version("new", 4, 30), kept, {"c"}, 1000, Budget(90, 0))
    assert isinstance(leaving, list)
    assert [old.name for old in leaving] == ["a"]


def test_what_is_larger_than_the_budget_never_fits():
    shortage = select_evictions(version("new", 1, 91), [], set(), 1000, Budget(90, 0))
    assert isinstance(shortage, Shortage)
    assert shortage.for_ever


versions = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 50), st.booleans()), max_size=6)


@given(versions, st.integers(0, 5), st.integers(0, 300), st.integers(1, 200), st.integers(0, 50))
def test_whatever_gives_way_what_must_stay_does_and_the_new_one_fits(kept, base, free, most, reserve):
    sizes = {number: 10 * number + 5 for number in range(6)}
    present = [version(f"v{n}", number, sizes[number]) for n, (number, _, _) in enumerate(kept)]
    pinned = {f"v{n}" for n, (_, _, stays) in enumerate(kept) if stays}
    new = version("new", base, sizes[base])

    leaving = select_evictions(new, present, pinned, free, Budget(most, reserve))

    if isinstance(leaving, Shortage):
        return
    assert not pinned & {old.name for old in leaving}
    staying = {old.target.base.digest: old.size_bytes for old in present if old not in leaving}
    won = {old.target.base.digest: old.size_bytes for old in leaving if old.target.base.digest not in staying}
    assert sum({**staying, new.target.base.digest: new.size_bytes}.values()) <= most
    if new.target.base.digest not in staying:
        assert 2 * new.size_bytes + reserve <= free + sum(won.values())
