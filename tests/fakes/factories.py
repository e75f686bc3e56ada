"""A factory in a hub of its own process, called over HTTP as its clients do."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["Factory", "Traffic", "open_factory"]

LIMIT_S = 90.0
_EVIDENCE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("evaluation_record", {"metric": "accuracy", "value": 0.8, "lower": 0.76, "upper": 0.84, "n": 400}),
    ("evaluation_record", {"metric": "latency_p95_ms", "value": 900, "n": 400}),
    ("security_record", {"check": "format", "outcome": "gguf", "source": "weights"}),
    ("security_record", {"check": "signature", "outcome": "valid", "source": "weights"}),
    ("security_record", {"check": "scan", "outcome": "clean", "source": "scanner", "critical": 0, "high": 0}),
)


@dataclass(frozen=True)
class Factory:
    """Calls tools as the person at the machine; `approver` is the API key of somebody else, once `hire` was called."""

    http: httpx.Client

    def call(self, name: str, key: str = "", /, **arguments: Any) -> dict[str, Any]:
        """The tool's result. Fails where it is refused, or waits for an approval."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        response = self.http.post(f"/v1/tools/{name}", json=arguments, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def hire(self) -> str:
        """The API key of an approver."""
        return self.call("api_key_issue", principal="bob", scopes=["approvals:decide", "approvals:read"])["key"]

    def register(self, label: str, system: str = "", **content: str) -> str:
        """A version of the bundled model, with all the evidence that the default policies ask for."""
        serving = {"context_tokens": 512, "system": system, "options": {"max_tokens": 4, "temperature": 0}}
        given = {"base": "smollm2-135m", "quantisation": "Q4_1", **content}
        version = self.call(
            "register_version",
            model="helper",
            label=label,
            reference="local:smollm2-135m",
            content=given,
            card={"serving": serving},
        )["id"]
        for name, evidence in _EVIDENCE:
            dataset = {"dataset": "faq"} if name == "evaluation_record" else {}
            self.call(name, version=version, **evidence, **dataset)
        return version

    def rollout(self, rollout_id: str) -> dict[str, Any]:
        return self.call("rollout_status", rollout=rollout_id)["rollout"]

    def until(self, rollout_id: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The rollout once `good` says so of it; fails where that never happens."""
        deadline = time.monotonic() + LIMIT_S
        while not good(found := self.rollout(rollout_id)):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def approve(self, rollout_id: str, key: str) -> None:
        """Approve a rollout as somebody else, once the gate has passed it."""
        self.until(rollout_id, lambda found: found["state"] != "pending" and found["state"] != "waiting_for_gate")
        assert (found := self.rollout(rollout_id))["state"] == "waiting_for_approval", found
        self.call("approval_approve", key, approval=f"ap-{rollout_id}")

    def ask(self, target: str, user: str) -> str:
        """Which version answered one short question of this user."""
        body = {"model": target, "user": user, "messages": [{"role": "user", "content": "Say hello."}]}
        response = self.http.post("/v1/chat/completions", json=body)
        assert response.status_code == 200, response.text
        return response.json()["model"]

    @contextmanager
    def traffic(self, target: str, clients: int = 3) -> "Generator[Traffic]":
        """Ask and ask, always as somebody else, until the end of the block; fails where one was not answered."""
        traffic = Traffic(self, target)
        with ThreadPoolExecutor(clients) as pool:
            running = [pool.submit(traffic.run) for _ in range(clients)]
            try:
                yield traffic
            finally:
                traffic.stop.set()
        for one in running:
            one.result()


class Traffic:
    """Requests in progress; `answers` counts them by version."""

    def __init__(self, factory: Factory, target: str) -> None:
        self.answers: Counter[str] = Counter()
        self.stop = threading.Event()
        self._factory = factory
        self._target = target
        self._numbers = itertools.count()

    def run(self) -> None:
        while not self.stop.is_set():
            self.answers[self._factory.ask(self._target, f"user {next(self._numbers)}")] += 1


@contextmanager
def open_factory(url: str) -> Generator[Factory]:
    """Calls to the hub at this address."""
    with httpx.Client(base_url=url, timeout=LIMIT_S, trust_env=False) as http:
        yield Factory(http)
