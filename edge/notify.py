"""Word to systemd that the agent is up and alive (sd_notify(3)); nothing where nobody listens."""

import os
import socket

__all__ = ["Notifier", "watchdog_interval_s"]


class Notifier:
    """Sends states such as "READY=1" to the socket that systemd named.

    Args:
        address: of the socket, `NOTIFY_SOCKET`; None for nobody.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    def tell(self, state: str) -> None:
        """Say it once. A socket that is gone is nobody's: there is nobody left to tell."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode())


def watchdog_interval_s() -> float | None:
    """Half of the time within which systemd wants to hear of us; None where it does not."""
    given = os.environ.get("WATCHDOG_USEC", "")
    return int(given) / 2e6 if given.isdigit() and int(given) > 0 else None
