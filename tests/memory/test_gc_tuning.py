import subprocess
import sys

LOADED = """
import gc
from memory.gc_tuning import collect_rarely, keep_loaded
collect_rarely()
kept = [{} for _ in range(1000)]
keep_loaded()
ring = []
ring.append(ring)
del ring
print(gc.get_threshold()[0], gc.get_freeze_count() > len(kept), gc.isenabled(), gc.collect() > 0)
"""


def test_what_is_loaded_is_left_alone_and_what_comes_after_is_collected() -> None:
    """In a process of its own: what is frozen stays so."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10000", "True", "True", "True"]
