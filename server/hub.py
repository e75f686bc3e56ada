"""The composition root: what a hub is made of, opened from its settings. Nothing else opens a ledger, store or model.

Whoever needs a part takes it from `Components`: a command the ledger and its tools, Studio what the graphs are built
from, `chargehand up` everything, at work (`open_hub`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langgraph.store.postgres import PostgresStore
    from langgraph.store.sqlite import SqliteStore

    from agents.models.resolve import ResolvedModel
    from agents.understanding.candidates import Operations
    from agents.understanding.understanding import Understanding
    from graphs.dependencies import Dependencies
    from memory.artifacts import ArtifactStore
    from memory.embedding import Embedder
    from memory.home import Home
    from memory.ledger import Ledger
    from memory.settings import Settings
    from memory.store import KnowledgeStore
    from server.chat.conversation import Conversation
    from server.chat.runs import Runs
    from tools.fleet.credentials import Identity
    from tools.governance.gate import Gates
    from tools.registry.artifacts import ModelFiles
    from tools.registry.catalogue import Catalogue
    from tools.registry.lifecycle import Gatekeeper
    from tools.rollouts.reconciler import RolloutStore
    from tools.serving.assembly import Serving
    from tools.spec import ToolRuntime, ToolSpec

_MODELS_KEPT = 8
"""Models that runs chose for themselves."""


class Components:
    """The parts of one installation. Each is opened when it is first asked for; `close` closes what was opened.

    A part that is set before anything asks for it is used instead.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def home(self) -> Home:
        """Raises StorageFailed: the folder cannot be used."""
        from memory.home import open_home

        return open_home(self.settings.home, self.settings.cache)

    @cached_property
    def ledger(self) -> Ledger:
        """Raises StorageFailed, Unavailable, InvalidInput: it cannot be opened, or its address is not readable."""
        from memory.ledger import open_ledger

        return open_ledger(self.home.ledger, self.settings.ledger_address)

    @cached_property
    def runtime(self) -> ToolRuntime:
        """The ledger and the clock that tools work with."""
        from tools.spec import ToolRuntime

        return ToolRuntime(self.ledger)

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """Raises InvalidInput: the settings name an address of no kind that is known."""
        from memory.artifacts import open_artifacts

        return open_artifacts(self.home, self.settings.artifacts_address)

    @cached_property
    def files(self) -> ModelFiles:
        """The artifacts, as files of models."""
        from tools.registry.artifacts import ModelFiles

        return ModelFiles(self.artifacts, self.home.root)

    @cached_property
    def identity(self) -> Identity:
        """The key by which devices know this hub."""
        from tools.fleet.credentials import Identity

        return Identity(self.home.identity)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What is known of models and licences."""
        from tools.registry.catalogue import load_catalogue

        return load_catalogue()

    @cached_property
    def gates(self) -> Gates:
        """The gates, judging by this hub's evidence."""
        from tools.governance.evidence_store import open_evidence
        from tools.governance.gate import Gates

        return Gates(open_evidence(self.catalogue))

    @cached_property
    def ledger_tools(self) -> dict[str, ToolSpec]:
        """The tools that need neither documents nor a language model, by name."""
        return self._bound(self._ledger_specs(self.settings.model))

    @cached_property
    def tools(self) -> dict[str, ToolSpec]:
        """All tools by name. Raises as `store` and `model`."""
        from tools.knowledge.packs import pack_tools
        from tools.knowledge.search import knowledge_tools

        specs = [
            *knowledge_tools(self.store.retriever),
            *self._ledger_specs(str(self.model.reference)),
            *pack_tools(self.store, self.artifacts, self.runtime),
        ]
        return self._bound(specs)

    @cached_property
    def embedder(self) -> Embedder:
        """Raises Unavailable: it is not installed."""
        from memory.embedding import load_minilm

        return load_minilm(self.home.weights)

    @cached_property
    def store(self) -> KnowledgeStore:
        """The documents. Raises StorageFailed, Unavailable: as `ledger` and `embedder`."""
        from memory.store import open_store

        return open_store(self.home, lambda: self.embedder, self.ledger)

    @cached_property
    def memories(self) -> SqliteStore | PostgresStore:
        """What people told about themselves. Raises StorageFailed, Unavailable: it cannot be opened."""
        from memory.memories import open_memories

        return open_memories(self.home, self.settings.ledger_address)

    @cached_property
    def chosen_model(self) -> ResolvedModel:
        """The language model by name. Raises InvalidInput, NotFound, Unavailable: the settings name none."""
        from agents.models.resolve import resolve_model

        return resolve_model(self.settings)

    @cached_property
    def model(self) -> ResolvedModel:
        """The language model over the road to it. Raises as `chosen_model` and `serving`."""
        return self.chosen_model.over(self.serving)

    @cached_property
    def crew_models(self) -> tuple[ResolvedModel, ...]:
        """The models of the crews beside the chat model, over the road to them.

        Raises:
            InvalidInput: the settings name one that is not capable.
            InvalidInput, NotFound, Unavailable: as `chosen_model`.
        """
        from agents.models.resolve import resolve_crew_models

        return tuple(model.over(self.serving) for model in resolve_crew_models(self.settings))

    @cached_property
    def serving(self) -> Serving:
        """The road to every model. Nothing is started; whoever asks a model leaves its block at the end."""
        from tools.serving.assembly import open_serving

        return open_serving(self.settings, self.ledger, self.artifacts)

    @cached_property
    def operations(self) -> Operations:
        """The operations that people speak of, and what was learnt of how. Raises as `tools` and `embedder`."""
        from agents.understanding.candidates import Operations
        from agents.understanding.examples import examples_of, load_talk, openings_of, vocabulary_of
        from agents.understanding.operation_classifier import OperationClassifier
        from agents.understanding.slot_tagger import SlotTagger
        from agents.understanding.slots import value_words
        from agents.understanding.weights import load_weights

        talk, learnt = load_talk(self.tools), load_weights()
        slices = {name: self.tools[name].run.__module__ for name in talk}
        classifier = OperationClassifier(learnt.operations, self.embedder)
        tagger, examples = SlotTagger(learnt.fields, slices), examples_of(talk)
        words, vocabulary, openings = value_words(examples), vocabulary_of(examples), openings_of(examples)
        return Operations(self.tools, talk, classifier, tagger, words, vocabulary, openings)

    @cached_property
    def base_understanding(self) -> Understanding:
        """What understands messages without a capable model. Raises as `operations`.

        Another implementation of the port, such as a small model tuned on the examples, takes its place by being set.
        """
        from agents.understanding.understanding import ExampleUnderstanding

        return ExampleUnderstanding(self.operations)

    @cached_property
    def understanding(self) -> Understanding:
        """What turns messages into operations, questions and document queries: planned by a capable model.

        Raises as `operations` and `model`.
        """
        return self._planned_by(self.model)

    @cached_property
    def dependencies(self) -> Dependencies:
        """What the graphs are built from. Raises as `store` and `model`."""
        model = self.model  # before anything slow, so that a model that cannot be is told at once
        return self._with(model, self.understanding)

    @cached_property
    def _with_model(self) -> Callable[[str], Dependencies]:
        """The same dependencies with another chat model, `provider:name`; the last few are kept."""
        from agents.models.resolve import resolve_model

        def with_model(name: str) -> Dependencies:
            settings = self.settings.model_copy(update={"model": name})
            model = resolve_model(settings).over(self.serving)
            return self._with(model, self._planned_by(model))

        return lru_cache(maxsize=_MODELS_KEPT)(with_model)

    def _planned_by(self, model: ResolvedModel) -> Understanding:
        from agents.understanding.model_planner import ModelUnderstanding

        base = self.base_understanding
        return ModelUnderstanding(self.operations, self.catalogue, base, model) if model.capable else base

    def _with(self, model: ResolvedModel, understanding: Understanding) -> Dependencies:
        from agents.teams.turn import Teams
        from agents.understanding.entities import read_entities
        from graphs.dependencies import Dependencies

        talk = self.operations.talk
        return Dependencies(
            self.settings,
            self.store,
            understanding,
            partial(read_entities, self.ledger),
            self.catalogue,
            model,
            self.tools,
            frozenset(talk),
            Teams(self.tools, talk, model, self.crew_models),
            self.serving,
            self.memories,
            with_model=self._with_model,
        )

    def close(self) -> None:
        """Close the stores that were opened."""
        opened = vars(self)
        if "memories" in opened:
            self.memories.conn.close()
        if "store" in opened:
            self.store.close()  # its ledger, too
        elif "ledger" in opened:
            self.ledger.close()

    def _ledger_specs(self, default_model: str) -> list[ToolSpec]:
        from agents.models.probe import Runtimes
        from evals.evaluations import evaluation_tools
        from memory.memories import Memories
        from tools.fleet.tools import fleet_tools
        from tools.governance.licence_tools import licence_tools
        from tools.memories import memory_tools
        from tools.registry.roster import roster_tools

        return [
            *evaluation_tools(self.ledger),
            *memory_tools(lambda tenant, principal: Memories(self.memories, tenant, principal)),
            *licence_tools(self.catalogue),
            *roster_tools(self.catalogue, Runtimes(self.settings), default_model),
            *ledger_tools(self.catalogue, self.gates.keep_production, self.files),
            *governance_tools(self.gates),
            *fleet_tools(self.identity, self.artifacts, self.settings.device_sync_s),
        ]

    def _bound(self, specs: Iterable[ToolSpec]) -> dict[str, ToolSpec]:
        from tools.spec import bind

        return {spec.name: spec for spec in bind(specs, self.runtime)}


def ledger_tools(catalogue: Catalogue, gatekeeper: Gatekeeper, files: ModelFiles | None = None) -> list[ToolSpec]:
    """Roster, approvals, audit, tenants and rollouts; `tools.spec.bind` gives them the ledger.

    Args:
        files: where files of models are kept; None leaves out what needs them.
    """
    from tools.calling.approval_tools import approval_tools
    from tools.governance.audit import audit_tools
    from tools.registry.artifacts import artifact_tools
    from tools.registry.lifecycle import lifecycle_tools
    from tools.registry.versions import registering_tools, version_tools
    from tools.rollouts.tools import rollout_tools
    from tools.tenancy import key_tools, tenant_tools

    return [
        *registering_tools(catalogue, files),
        *(artifact_tools(files) if files is not None else ()),
        *lifecycle_tools(gatekeeper),
        *version_tools(),
        *approval_tools(),
        *audit_tools(),
        *tenant_tools(),
        *key_tools(),
        *rollout_tools(),
    ]


def governance_tools(gates: Gates) -> list[ToolSpec]:
    """What judges versions by evidence, and what deploys by that: gates, policies, exports, factories, pipelines."""
    from tools.factories import factory_tools
    from tools.governance.evidence_store import evidence_tools
    from tools.governance.gate import gate_tools
    from tools.governance.licence_tools import compatibility_tools
    from tools.governance.policy_store import policy_tools
    from tools.governance.version_description import export_tools
    from tools.pipelines.tools import pipeline_tools

    return [
        *evidence_tools(),
        *policy_tools(),
        *gate_tools(gates),
        *compatibility_tools(gates.source),
        *export_tools(gates.source),
        *factory_tools(gates),
        *pipeline_tools(gates),
    ]


@contextmanager
def open_components(settings: Settings) -> Generator[Components]:
    """The parts until the end of the block; nothing is opened yet."""
    components = Components(settings)
    try:
        yield components
    finally:
        components.close()


@dataclass(frozen=True)
class Hub:
    """A hub at work: what its routes call."""

    dependencies: Dependencies
    conversation: Conversation
    runs: Runs
    models: Serving
    rollouts: RolloutStore

    @property
    def settings(self) -> Settings:
        return self.dependencies.settings


@asynccontextmanager
async def open_hub(components: Components) -> AsyncGenerator[Hub]:
    """Open the threads, the model gateway and the reconciler; running turns are stopped, and kept, at the end."""
    from server.chat.conversation import open_conversation
    from server.chat.runs import Runs
    from server.workers import answering_devices, mending_mirrors, running_workers

    settings, ledger, dependencies = components.settings, components.ledger, components.dependencies
    async with (
        open_conversation(dependencies) as conversation,
        dependencies.serving.warming() as models,
        running_workers(settings, ledger, models, components.gates) as rollouts,
        answering_devices(ledger, conversation),
        mending_mirrors(components.store),
    ):
        runs = Runs(conversation)
        try:
            yield Hub(dependencies, conversation, runs, models, rollouts)
        finally:
            await runs.close()
