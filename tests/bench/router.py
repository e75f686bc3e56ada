"""The intent router: held-out accuracy, out-of-scope recall, calibration, time. `python -m tests.bench.router`"""

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from agents.router.classifier import Classifier
from agents.router.intents import INTENTS, corpus_of, held_out_of, letters_of, load_intents
from agents.router.router import IntentRouter
from agents.router.training import load_classifier
from evals.classification import accuracy, expected_calibration_error, wilson_interval
from memory.embedding import MiniLM, load_minilm
from memory.settings import Settings
from tests.bench.machine import machine, spread

TALK_WITH_THE_ASSISTANT = frozenset(
    {
        "are_you_a_bot", "cancel", "change_ai_name", "change_language", "goodbye", "greeting", "repeat",
        "reset_settings", "thank_you", "what_can_i_ask_you", "what_is_your_name", "who_do_you_work_for", "who_made_you",
    }
)  # fmt: skip
"""CLINC150 intents that are `help` by our definition: greetings, thanks, and the assistant's name, maker, settings and
run. Its private life (age, origin, pets, hobbies) is not, nor are yes, no and maybe with nothing before them."""
OUT_OF_SCOPE = INTENTS.index("out_of_scope")


def share(name: str, right: np.ndarray) -> None:
    """Print a share with its 95 % interval."""
    low, high = wilson_interval(int(right.sum()), len(right))
    print(f"{name:52s} {right.mean():.3f}  (95 % {low:.3f} to {high:.3f}, n={len(right)})")


def held_out(classifier: Classifier, embedder: MiniLM, threshold: float) -> None:
    """Accuracy on the held-out fifth."""
    file, _ = load_intents()
    kept = held_out_of(file)
    probabilities = np.stack([classifier.probabilities(entry.text, embedder, entry.previous) for entry in kept])
    true = np.array([INTENTS.index(entry.intent) for entry in kept])
    right = probabilities.argmax(axis=1) == true
    alone = np.array([entry.previous is None for entry in kept])
    chinese = np.array([entry.language == "zh" for entry in kept])
    inside = true != OUT_OF_SCOPE
    sure = probabilities.max(axis=1) >= threshold
    share("held out, in scope", right[alone & inside])
    share("held out, in scope, English", right[alone & inside & ~chinese])
    share("held out, in scope, Chinese", right[alone & inside & chinese])
    share("held out, out of scope", right[alone & ~inside])
    share("held out, follow-ups with the turn before", right[~alone])
    share(f"held out, where the confidence is >= {threshold}", right[sure])
    print(f"{'share of messages decided by the classifier':52s} {sure.mean():.3f}")
    error = expected_calibration_error(probabilities.max(axis=1).astype(float), right)
    print(f"{'expected calibration error':52s} {error:.3f}")
    print(f"{'accuracy over all':52s} {accuracy(probabilities.argmax(axis=1), true):.3f}")


def clinc(classifier: Classifier, embedder: MiniLM, data: Path, threshold: float) -> None:
    """Out-of-scope recall on requests that nobody here wrote."""
    corpus = corpus_of(load_intents()[0])
    trained_on = {letters_of(entry.text) for entry in (*corpus.utterances, *corpus.lessons)}
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if letters_of(row["input"]) not in trained_on]
    probabilities = np.stack([classifier.probabilities(row["input"], embedder, None) for row in rows])
    declined = probabilities.argmax(axis=1) == OUT_OF_SCOPE
    acted = ~declined & (probabilities.max(axis=1) >= threshold)
    talk = np.array([row["target"] in TALK_WITH_THE_ASSISTANT for row in rows])
    share("CLINC150, declined", declined)
    share("CLINC150 without small talk, declined", declined[~talk])
    share("CLINC150 without small talk, declined or asked back", ~acted[~talk])


async def times(router: IntentRouter, embedder: MiniLM) -> None:
    """Time of a route of held-out messages beside the bare embedder's; a blank makes each new to its cache."""
    texts = [f"{entry.text} " for entry in held_out_of(load_intents()[0])]
    bare, ours = list[float](), list[float]()
    for one, other in zip(texts[::2], texts[1::2], strict=False):
        begun = time.perf_counter()
        embedder.embed([one])
        between = time.perf_counter()
        await router.route(other)
        bare.append((between - begun) * 1e3)
        ours.append((time.perf_counter() - between) * 1e3)
    print(f"route, ms                                            {spread(ours)}")
    print(f"bare embedder, ms                                    {spread(bare)}")


def main() -> None:
    """Train in a fresh cache, measure, print."""
    print(machine())
    threshold = Settings(_env_file=None).intent_threshold
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_minilm(Path(folder))
        begun = time.perf_counter()
        classifier = load_classifier(Path(folder), embedder).classifier
        print(f"trained in {time.perf_counter() - begun:.1f} s")
    held_out(classifier, embedder, threshold)
    shared = Path(os.environ.get("CHARGEHAND_SHARED", Path(__file__).parents[3] / "shared"))
    data = shared / "data" / "eval" / "clinc150.jsonl"
    if data.exists():
        clinc(classifier, embedder, data, threshold)
    else:
        print(f"CLINC150 skipped: {data} is not there")
    asyncio.run(times(IntentRouter(classifier, embedder, None, threshold), embedder))


if __name__ == "__main__":
    main()
