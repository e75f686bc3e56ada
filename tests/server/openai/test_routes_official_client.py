"""OpenAI's own client against the gateway, over loopback runtimes that answer, fail and die."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass

import openai
import pytest

from tests.fakes.gateways import FakeDeployments, GatewayHub, serve_gateway
from tests.fakes.model_servers import Behaviour, FakeServer
from tests.fakes.runtime_servers import PROMPT_TOKENS, serve_runtime
from tools.rollouts.targets import Arm
from tools.serving.attempts import AttemptLimits
from tools.serving.openai_compatible import OpenAICompatibleRuntime
from tools.serving.rate_limits import Quotas
from tools.serving.routing import Backend, Price, Traffic
from tools.serving.runtime import ServedVersion

HELLO = [{"role": "user", "content": "hello"}]


@dataclass
class Line:
    """A hub with two versions, each on a runtime of its own, and a client of it."""

    hub: GatewayHub
    deployments: FakeDeployments
    old: FakeServer
    new: FakeServer
    client: openai.OpenAI

    def ask(self, model: str = "champion", **options: object) -> str:
        answer = self.client.chat.completions.create(model=model, messages=HELLO, **options)  # type: ignore[call-overload]
        return answer.choices[0].message.content


@pytest.fixture
def limits() -> Quotas:
    return Quotas()


@pytest.fixture
def line(limits: Quotas) -> Generator[Line]:
    with ExitStack() as stack:
        old, new = (stack.enter_context(serve_runtime("m")) for _ in range(2))
        old.behaviour.words, new.behaviour.words = ["the ", "old"], ["the ", "new"]
        deployments = FakeDeployments(
            {
                "m@1": Backend(ServedVersion("m@1", "m"), "one", Price(prompt=1.0, completion=2.0)),
                "m@2": Backend(ServedVersion("m@2", "m"), "two"),
            }
        )
        deployments.split("champion", {"m@1": 100, "m@2": 0})
        runtimes = {
            "one": OpenAICompatibleRuntime("one", f"{old.url}/v1"),
            "two": OpenAICompatibleRuntime("two", f"{new.url}/v1"),
        }
        tries = AttemptLimits(first_token_s=20, next_token_s=20, whole_s=20)
        hub = stack.enter_context(serve_gateway(deployments, runtimes, limits, tries))
        client = stack.enter_context(openai.OpenAI(base_url=hub.url, api_key="any", max_retries=0))
        yield Line(hub, deployments, old, new, client)


def test_chat_says_which_version_answered_and_is_counted(line: Line):
    answer = line.client.chat.completions.create(model="champion", messages=HELLO)  # type: ignore[arg-type]
    assert answer.choices[0].message.content == "the old"
    assert answer.model == "m@1"
    assert answer.usage is not None
    assert answer.usage.total_tokens == PROMPT_TOKENS + 2
    (use,) = line.hub.uses(1)
    assert (use.target, use.version, use.outcome, use.failed) == ("champion", "m@1", "done", False)
    assert (use.prompt_tokens, use.completion_tokens, use.estimated) == (PROMPT_TOKENS, 2, False)
    assert use.cost_usd == pytest.approx((PROMPT_TOKENS * 1.0 + 2 * 2.0) / 1e6)
    assert use.latency_s > 0


def test_a_stream_brings_its_pieces_and_its_usage_where_it_was_asked_for(line: Line):
    asked = {"model": "champion", "messages": HELLO, "stream": True}
    plain = list(line.client.chat.completions.create(**asked))  # type: ignore[call-overload]
    counted = list(line.client.chat.completions.create(**asked, stream_options={"include_usage": True}))  # type: ignore[call-overload]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in plain) == "the old"
    assert {chunk.model for chunk in plain} == {"m@1"}
    assert all(chunk.usage is None for chunk in plain)
    assert counted[-1].usage.completion_tokens == 2
    assert counted[-1].choices == []
    for use in line.hub.uses(2):
        assert (use.streamed, use.completion_tokens, use.estimated) == (True, 2, False)
        assert use.first_token_s is not None


def test_plain_completions_and_their_streams(line: Line):
    assert line.client.completions.create(model="m@2", prompt="once").choices[0].text == "the new"
    pieces = line.client.completions.create(model="m@2", prompt="once", stream=True)
    assert "".join(piece.choices[0].text for piece in pieces) == "the new"


def test_embeddings_are_packed_for_clients_that_want_them_so(line: Line):
    texts = ["four", "sixsix"]
    packed = line.client.embeddings.create(model="m@1", input=texts)  # the client asks for base64 by itself
    plain = line.client.embeddings.create(model="m@1", input=texts, encoding_format="float")
    assert [row.embedding for row in packed.data] == [row.embedding for row in plain.data] == [[4.0, 0.5], [6.0, 0.5]]


def test_models_lists_targets_and_versions(line: Line):
    assert {model.id for model in line.client.models.list()} == {"champion", "m@1", "m@2"}
    assert line.client.models.retrieve("m@1").owned_by == "chargehand:version"
    with pytest.raises(openai.NotFoundError):
        line.client.models.retrieve("m@3")


def test_an_unknown_model_names_the_nearest(line: Line):
    with pytest.raises(openai.NotFoundError) as caught:
        line.ask("champoin")
    assert caught.value.code == "model_not_found"
    assert "champion" in caught.value.message


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"n": 3}, "n"),
        ({"temperature": 9}, "temperature"),
        ({"store": True}, "store"),
        ({"extra_body": {"temprature": 1}}, "temprature"),
        ({"modalities": ["audio"]}, "modalities.0"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(line: Line, options: dict[str, object], param: str):
    with pytest.raises(openai.BadRequestError) as caught:
        line.ask(**options)
    assert caught.value.param == param
    assert line.old.received == []


def test_what_is_missing_is_told_to_be_sent(line: Line):
    with pytest.raises(openai.BadRequestError, match=r"messages is missing\. Send it\.") as caught:
        line.client.post("/chat/completions", body={"model": "champion"}, cast_to=object)
    assert caught.value.param == "messages"


def test_several_prompts_are_refused_by_the_name_of_the_option(line: Line):
    with pytest.raises(openai.BadRequestError) as caught:
        line.client.completions.create(model="champion", prompt=["one", "two"])
    assert caught.value.param == "prompt"


def test_pictures_are_refused_where_the_version_reads_text_only(line: Line):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    with pytest.raises(openai.BadRequestError, match="text only"):
        line.client.chat.completions.create(model="champion", messages=[{"role": "user", "content": [picture]}])  # type: ignore[list-item]


@pytest.mark.long
def test_moving_the_weights_moves_the_traffic_and_keeps_callers(line: Line):
    callers = [f"caller {number}" for number in range(40)]

    def answers() -> dict[str, str]:
        return {caller: line.ask(user=caller) for caller in callers}

    before = answers()
    assert set(before.values()) == {"the old"}
    line.deployments.split("champion", {"m@1": 50, "m@2": 50})
    half = answers()
    assert set(half.values()) == {"the old", "the new"}
    assert answers() == half
    line.deployments.split("champion", {"m@1": 20, "m@2": 80})
    most = answers()
    assert all(most[caller] == "the new" for caller in callers if half[caller] == "the new")
    line.deployments.split("champion", {"m@1": 0, "m@2": 100})
    assert set(answers().values()) == {"the new"}


def test_a_version_that_fails_is_stood_in_for_and_its_errors_are_its_own(line: Line):
    line.deployments.split("champion", {"m@1": 50, "m@2": 50})
    line.new.behaviour.status = 500
    assert {line.ask(user=f"caller {number}") for number in range(20)} == {"the old"}
    failed = [use for use in line.hub.uses(20 + len(line.new.received)) if use.failed]
    assert len(failed) == len(line.new.received) > 0
    assert {(use.version, use.outcome) for use in failed} == {("m@2", "unavailable")}
    assert {use.attempt for use in line.hub.sink.rows if use.version == "m@1"} == {1, 2}


def test_a_request_that_the_runtime_refuses_is_the_callers_matter(line: Line):
    line.deployments.split("champion", {"m@1": 100, "m@2": 1})
    line.old.behaviour.status = 400
    with pytest.raises(openai.BadRequestError, match="refused with 400"):
        line.ask(user="x")
    (use,) = line.hub.uses(1)
    assert (use.outcome, use.failed) == ("invalid_input", False)
    assert line.new.received == []


def test_a_stream_that_breaks_ends_with_an_error_that_the_client_raises(line: Line):
    line.old.behaviour = Behaviour(words=["a", "b", "c"], die_after=2)
    stream = line.client.chat.completions.create(model="champion", messages=HELLO, stream=True)  # type: ignore[call-overload]
    assert [next(stream).choices[0].delta.content for _ in range(2)] == ["a", "b"]
    with pytest.raises(openai.APIError, match="stopped half-way"):
        next(stream)
    (use,) = line.hub.uses(1)
    assert (use.outcome, use.failed, use.estimated, use.completion_tokens) == ("interrupted", True, True, 2)


def test_a_stream_that_dies_before_its_first_text_is_stood_in_for(line: Line):
    line.deployments.splits["champion"] = Traffic("champion", (Arm(version="m@1"),), fallbacks=("m@2",))
    line.old.behaviour.die_after = 0
    chunks = line.client.chat.completions.create(model="champion", messages=HELLO, stream=True)  # type: ignore[call-overload]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "the new"
    assert [(use.version, use.outcome) for use in line.hub.uses(2)] == [("m@1", "interrupted"), ("m@2", "done")]


def test_a_shadow_gets_a_copy_whose_answer_nobody_sees(line: Line):
    line.deployments.split("champion", {"m@1": 100}, shadow=Arm(version="m@2"))
    assert line.ask() == "the old"
    uses = line.hub.uses(2)
    assert {(use.version, use.shadow) for use in uses} == {("m@1", False), ("m@2", True)}
    assert line.new.chat.body["messages"] == HELLO


def test_a_failing_shadow_harms_nobody(line: Line):
    line.new.behaviour.status = 500
    line.deployments.split("champion", {"m@1": 100}, shadow=Arm(version="m@2"))
    assert line.ask() == "the old"
    assert {use.version for use in line.hub.uses(2) if use.failed} == {"m@2"}


def test_a_client_that_leaves_stops_the_model(line: Line):
    line.old.behaviour = Behaviour(words=["word "] * 2000, gap_s=0.01)
    stream = line.client.chat.completions.create(model="champion", messages=HELLO, stream=True)  # type: ignore[call-overload]
    next(iter(stream))
    stream.close()
    assert line.old.hung_up.wait(20)
    (use,) = line.hub.uses(1)
    assert (use.outcome, use.failed) == ("cancelled", False)


def test_the_arms_configuration_goes_with_it(line: Line):
    arm = Arm(version="m@1", configuration={"system": "Be brief.", "temperature": 0.25, "max_tokens": 9})
    line.deployments.splits["champion"] = line.deployments.splits["champion"].__class__("champion", (arm,))
    line.ask(max_completion_tokens=3)
    body = line.old.chat.body
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["temperature"], body["max_tokens"]) == (0.25, 3)


@pytest.mark.parametrize("limits", [Quotas(requests_per_minute=2)])
def test_a_tenant_that_asks_too_often_is_told_when_to_come_back(line: Line):
    line.ask()
    line.ask()
    with pytest.raises(openai.RateLimitError) as caught:
        line.ask()
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 30
    assert caught.value.code == "rate_limit_exceeded"
    assert len(line.old.received) == 2
