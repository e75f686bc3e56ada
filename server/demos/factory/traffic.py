"""People who ask the model while it is changed under them."""

import itertools
import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from server.demos.hub import Hub, Refusal

_CLIENTS = 3
_QUESTION = "Say hello."


class Traffic:
    """Requests in progress. `failed` are those that the people themselves saw fail."""

    def __init__(self, hub: Hub, who: str, target: str) -> None:
        self.failed = 0
        self._hub = hub
        self._who = who
        self._target = target
        self._answered: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._numbers = itertools.count(1)

    def take(self) -> Counter[str]:
        """Answers by version since the last look."""
        with self._lock:
            taken, self._answered = self._answered, Counter()
        return taken

    def run(self) -> None:
        """Ask, each time as another user, until `stop`."""
        while not self._stop.is_set():
            try:
                version, _ = self._hub.ask(self._who, self._target, _QUESTION, f"user {next(self._numbers)}")
            except Refusal:
                self.failed += 1
                continue
            with self._lock:
                self._answered[version] += 1

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def people_asking(hub: Hub, who: str, target: str) -> Generator[Traffic]:
    """Three people ask without pause until the end of the block."""
    traffic = Traffic(hub, who, target)
    with ThreadPoolExecutor(_CLIENTS) as pool:
        running = [pool.submit(traffic.run) for _ in range(_CLIENTS)]
        try:
            yield traffic
        finally:
            traffic.stop()
    for one in running:
        one.result()
