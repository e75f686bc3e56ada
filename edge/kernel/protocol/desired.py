"""The items of which a device's desired state consists.

Each item has a kind and a name, and the revision at which it was last changed. Revisions are the hub's, one counter
per tenant, and only rise. A device asks for what changed since the revision it has; an item that is gone comes as a
tombstone.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.canonical import digest_of
from edge.kernel.protocol.artifacts import ArtifactRef

DESIRED = "desired"
"""Kind of the signed envelope (`edge.kernel.protocol.signing.Signed`) in which the hub sends desired state."""

ItemKind = Literal["model", "pack", "prompt", "job", "configuration", "policy", "question", "reply"]
"""What the body of an item is, by its kind.

- model: `ModelTarget`, named "model"; a device runs one.
- pack: `KnowledgePack`.
- prompt: {"text": str}.
- job: a `Signed` of the kind "job" whose body is a `Job`; the signature is checked again whenever the job runs.
- configuration: {"values": {key: value}, "rules": {key prefix: rule}}.
- policy: {"tools": [names], "diagnostics": [names], "limits": {name: number}}.
- question: `Question`, from people at the hub to the device.
- reply: {"question": id, "text": str, "citations": [str], "asked": str}, named by the id: what the hub says to a
  device's question, with that question.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SelfTest(_Frozen):
    """What a model must do before a device switches to it.

    Attributes:
        prompts: each is asked; the answer must hold one of `expect` (any text where that is empty).
        at_most_s: seconds for each answer.
    """

    prompts: tuple[str, ...] = ("Reply with the word ready.",)
    expect: tuple[str, ...] = ()
    at_most_s: Annotated[float, Field(gt=0)] = 60.0


class ModelTarget(_Frozen):
    """The model that a device shall run.

    Attributes:
        key: names version and configuration, as the hub's rollouts do (`Arm.key`).
        runtime: "any" takes Ollama where its server answers, else llama.cpp.
        base, adapter: GGUF files.
    """

    key: Annotated[str, Field(min_length=1, max_length=200)]
    version: str
    runtime: Literal["any", "ollama", "llama"] = "any"
    base: ArtifactRef
    adapter: ArtifactRef | None = None
    configuration: dict[str, Any] = {}
    self_test: SelfTest = SelfTest()


class KnowledgePack(_Frozen):
    """An index of documents to search on the device."""

    name: str
    content: ArtifactRef


class Question(_Frozen):
    """A question from the hub; its answer is an event of the kind "answer" with the same id."""

    id: str
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    asked_by: str


class Item(_Frozen):
    """One item; `body` is None where it is gone."""

    kind: ItemKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    revision: Annotated[int, Field(ge=0)]
    body: dict[str, Any] | None


class Desired(_Frozen):
    """Changes to a device's desired state, or the whole of it.

    Attributes:
        device: for whom it is.
        since: the revision that the changes start from; None where `items` is the whole state, and all else is gone.
        revision: what the device has once it has taken them.
        digest: `state_digest` of all items of the device then; a device that comes to another one asks for the whole.
    """

    device: str
    since: int | None
    revision: int
    items: tuple[Item, ...]
    digest: str


def state_digest(items: Mapping[tuple[str, str], Mapping[str, Any]] | Iterable[Item]) -> str:
    """Digest of a whole state: of all items that are not gone, whatever their order and revision."""
    if not isinstance(items, Mapping):
        items = {(item.kind, item.name): item.body for item in items if item.body is not None}
    return digest_of(sorted([kind, name, body] for (kind, name), body in items.items()))
