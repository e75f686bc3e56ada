import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from memory.errors import Conflict, StorageFailed
from memory.home import Home, open_home, storage_errors

HOLDER = """
import sys, time
from pathlib import Path
from memory.home import open_home
with open_home(Path(sys.argv[1])).lock("hub", "holding for a test"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "deep" / "home")
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_a_lock_is_held_against_other_processes_and_freed_when_they_die(home: Home) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Conflict, match=f"holding for a test .process {holder.pid}"), home.lock("hub", "mine"):
        pass
    with home.lock("documents", "another lock of the same home"):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with home.lock("hub", "mine", wait_s=5):
        pass


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StorageFailed):
        open_home(file / "home")


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="disk is full"), storage_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(StorageFailed, match="Permission"), storage_errors(tmp_path):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(ZeroDivisionError), storage_errors(tmp_path):
        raise ZeroDivisionError
