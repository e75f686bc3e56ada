"""Each arm that was asked is charged with its own attempt, also where nothing serves it."""

from collections.abc import AsyncGenerator
from typing import Any

from tests.fakes.gateways import FakeDeployments, FakeQuotas, FakeSink
from tools.rollouts.targets import Arm
from tools.serving.attempts import ModelRequest
from tools.serving.gateway import Gateway, ShadowTraffic
from tools.serving.metering import Caller, UsageRecord, UsageWriter
from tools.serving.rate_limits import Admission
from tools.serving.routing import Backend
from tools.serving.runtime import Endpoint, Json, ServedVersion

REQUEST = ModelRequest(Caller("default", "ann"), "support", "chat/completions", {}, "key")


class Says:
    """The part of a runtime that answers."""

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        return {"choices": [{"message": {"content": "hello"}}]}

    async def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        yield {"choices": [{"delta": {"content": "hello"}}]}

    async def close(self) -> None:
        pass


async def attempts(weights: dict[str, int], shadow: Arm | None = None, *, stream: bool = False) -> list[UsageRecord]:
    """The version `lost` is on a runtime that the hub does not have."""
    versions = {"old": "here", "lost": "nowhere", "shadow": "here"}
    deployments = FakeDeployments(
        {name: Backend(ServedVersion(name, name), runtime) for name, runtime in versions.items()}
    )
    deployments.split("support", weights, shadow)
    sink, shadows, runtimes = FakeSink(), ShadowTraffic(draw=lambda: 0.0), {"here": Says()}
    async with UsageWriter(sink) as meter:
        admission: Any = Admission(FakeQuotas(), sink)
        gateway = Gateway(deployments, runtimes, admission, meter, shadows)  # type: ignore[arg-type]
        if stream:
            async for _ in (await gateway.stream(REQUEST)).chunks:
                pass
        else:
            await gateway.complete(REQUEST)
        await shadows.settle()
    return sink.rows


async def test_an_arm_that_nothing_serves_fails_and_is_no_gap() -> None:
    found = [await attempts({"lost": 99, "old": 1}) for _ in range(3)]  # who is asked first is the same each time
    told = {tuple((one.version, one.attempt, one.failed) for one in rows) for rows in found}
    assert told == {(("lost", 1, True), ("old", 2, False))}


async def test_a_shadow_is_asked_as_the_request_asks() -> None:
    whole = await attempts({"old": 100}, Arm(version="shadow"))
    streamed = await attempts({"old": 100}, Arm(version="shadow"), stream=True)
    assert [one.streamed for one in whole if one.shadow] == [False]
    assert [(one.streamed, one.first_token_s is not None) for one in streamed if one.shadow] == [(True, True)]


async def test_a_shadow_that_nothing_serves_is_counted_as_failing() -> None:
    found = await attempts({"old": 100}, Arm(version="lost"))
    assert [(one.version, one.failed) for one in found if one.shadow] == [("lost", True)]
