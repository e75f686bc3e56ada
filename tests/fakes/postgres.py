"""A real PostgreSQL of the test's own, from the binaries that Debian's package installs."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

__all__ = ["PostgresServer", "find_postgres", "run_postgres"]


def find_postgres() -> Path | None:
    """The folder of the newest installed binaries."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgresServer:
    """A running server that only a Unix socket in its folder leads to."""

    def __init__(self, binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
        self._binaries = binaries
        self._folder = folder
        self._account = account
        self._numbers = count(1)

    def command(self, name: str, *arguments: str) -> None:
        """Run one of the binaries as the server's owner; PostgreSQL refuses to be root."""
        owner = {"user": self._account.pw_uid, "group": self._account.pw_gid} if self._account else {}
        subprocess.run(
            [self._binaries / name, *arguments],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            extra_groups=[] if self._account else None,
            **owner,
        )

    def new_database(self) -> str:
        """URL of an empty database."""
        name = f"ledger_{os.getpid()}_{next(self._numbers)}"
        self.command("createdb", "-h", str(self._folder), "-U", "chargehand", name)
        return f"postgresql://chargehand@/{name}?host={quote(str(self._folder))}"


@contextmanager
def run_postgres(binaries: Path) -> Iterator[PostgresServer]:
    """Start a server in a temporary folder and stop it at the end."""
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    folder = Path(mkdtemp(prefix="chargehand-pg-", dir="/tmp"))  # a socket's path must be short
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = PostgresServer(binaries, folder, account)
    data = str(folder / "data")
    server.command("initdb", "-D", data, "-U", "chargehand", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    server.command("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield server
    finally:
        server.command("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        subprocess.run(["rm", "-rf", str(folder)], check=True)
