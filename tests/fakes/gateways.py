"""The gateway's ports in memory, and a hub of the gateway alone on a free loopback port."""

import socket
import threading
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import uvicorn
from fastapi import FastAPI

from edge.kernel.errors import NotFound, StorageFailed
from server.openai.routes import openai_routes
from tools.rollouts.targets import Arm
from tools.serving.attempts import AttemptLimits
from tools.serving.gateway import Gateway, ShadowTraffic
from tools.serving.metering import Caller, UsageRecord, UsageWriter
from tools.serving.rate_limits import Admission, Quotas
from tools.serving.routing import Backend, Offer, Traffic
from tools.serving.runtime import Runtime

__all__ = ["FakeDeployments", "FakeQuotas", "FakeSink", "GatewayHub", "serve_gateway"]


@dataclass
class FakeDeployments:
    """Implements `tools.serving.routing.Deployments`; change its fields between requests."""

    backends: dict[str, Backend]
    splits: dict[str, Traffic] = field(default_factory=dict[str, Traffic])

    def split(self, target: str, weights: Mapping[str, int], shadow: Arm | None = None) -> None:
        arms = tuple(Arm(version=version, weight=weight) for version, weight in weights.items())
        self.splits[target] = Traffic(target, arms, shadow=shadow)

    async def traffic(self, tenant: str, model: str) -> Traffic:
        if model in self.splits:
            return self.splits[model]
        if model in self.backends:
            return Traffic(model, (Arm(version=model),))
        raise NotFound(f"There is no model {model!r}.", nearest=[*self.splits][:1])

    async def backend(self, tenant: str, version: str) -> Backend:
        return self.backends[version]

    async def offers(self, tenant: str) -> Sequence[Offer]:
        return [Offer(name, "target") for name in self.splits] + [Offer(name, "version") for name in self.backends]

    async def arms(self) -> Sequence[tuple[str, str, Arm]]:
        return [("default", traffic.target, arm) for traffic in self.splits.values() for arm in traffic.arms]


@dataclass
class FakeSink:
    """Implements `tools.serving.metering.UsageSink`. While `broken`, it keeps nothing."""

    rows: list[UsageRecord] = field(default_factory=list[UsageRecord])
    broken: bool = False
    spent: int = 0

    async def write(self, uses: Sequence[UsageRecord]) -> None:
        if self.broken:
            raise StorageFailed("The disk is full.")
        self.rows += uses

    async def tokens_since(self, tenant: str, since: datetime) -> int:
        return self.spent


@dataclass
class FakeQuotas:
    """Implements `tools.serving.rate_limits.TenantQuotas`."""

    value: Quotas = field(default_factory=Quotas)

    async def quotas(self, tenant: str) -> Quotas:
        return self.value


@dataclass
class GatewayHub:
    """A gateway on a loopback port; `uses` waits until so many tries were counted."""

    url: str
    sink: FakeSink
    shadows: ShadowTraffic

    def uses(self, count: int, limit_s: float = 20.0) -> list[UsageRecord]:
        deadline = time.monotonic() + limit_s
        while len(self.sink.rows) < count:
            assert time.monotonic() < deadline, f"{len(self.sink.rows)} of {count} tries were counted"
            time.sleep(0.01)
        assert len(self.sink.rows) == count
        return list(self.sink.rows)


@contextmanager
def serve_gateway(
    deployments: FakeDeployments,
    runtimes: Mapping[str, Runtime],
    limits: Quotas | None = None,
    tries: AttemptLimits | None = None,
) -> Generator[GatewayHub]:
    """Run the gateway until the end of the block; its runtimes are closed with it."""
    sink, shadows = FakeSink(), ShadowTraffic(draw=lambda: 0.5)
    admission = Admission(FakeQuotas(limits or Quotas()), sink)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with UsageWriter(sink, interval_s=0.02) as meter:
            gateway = Gateway(deployments, runtimes, admission, meter, shadows, tries)
            app.include_router(openai_routes(gateway, lambda _: Caller("default", "tester")))
            yield
            await shadows.close()
            for runtime in runtimes.values():
                await runtime.close()

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        FastAPI(lifespan=lifespan), log_level="error", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield GatewayHub(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", sink, shadows)
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
