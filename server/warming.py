"""What the first question would wait for (Chroma, weights, word lists), loaded while the hub listens already.

It is loaded by being used: a question about some document is understood and answered, without a model, kept
nowhere and told to nobody. Reads of tools leave no audit entry.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

from agents.understanding.understanding import Understanding
from edge.kernel.errors import ChargehandError
from graphs.dependencies import Dependencies
from graphs.retrieval import build_retrieval
from graphs.steps import TurnContext
from graphs.understanding import interpret

_ANY = "What is this about?"
_log = logging.getLogger(__name__)


@contextmanager
def warming(
    dependencies: Dependencies, understanding: Understanding, ready: Callable[[], None]
) -> Generator[Callable[[], None]]:
    """Gives what begins the warm-up, in a thread of its own; it has ended when the block has.

    Args:
        understanding: asks no model.
        ready: called at the end, there.
    """
    settings = dependencies.settings.model_copy(update={"draft_with": "none"})
    quiet = replace(dependencies, settings=settings, understanding=understanding)

    def work() -> None:
        begun = time.monotonic()
        try:
            asyncio.run(warm_up(quiet))
        except ChargehandError as error:  # the first question will tell whoever asks it
            _log.info("the hub could not warm up: %s", error)
        ready()
        _log.info("warm after %.1f s", time.monotonic() - begun)

    thread = threading.Thread(target=work, name="warm-up")
    try:
        yield thread.start
    finally:
        if thread.ident is not None:
            thread.join()


async def warm_up(dependencies: Dependencies) -> None:
    """Take the steps of a document question. Raises ChargehandError: one of them failed."""
    found = await asyncio.to_thread(dependencies.store.retriever.search, _ANY, dependencies.caller.tenant, 1)
    question = f"What does {found[0].title[:200]} say?" if found else _ANY
    await interpret(dependencies, question, dependencies.caller)
    retrieval = build_retrieval(dependencies, alone=True)
    await retrieval.ainvoke({"question": question}, context=TurnContext(dependencies.caller))
