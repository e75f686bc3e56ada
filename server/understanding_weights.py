"""Train the understanding of this hub's tools and write the weights that are shipped: `make understanding`."""

import sys
import tempfile
from pathlib import Path

from agents.understanding import training
from agents.understanding.weights import WEIGHTS, write_weights
from memory.settings import load_settings
from server.hub import open_components


def main() -> None:
    """Train, write, and say how good it is on what was left out."""
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as home:
        settings = load_settings().model_copy(update={"home": Path(home)})
        with open_components(settings) as hub:
            tools, embedder = hub.tools, hub.embedder
            with threadpool_limits(None):
                learnt, accuracy = training.train(tools, embedder)
    path = Path(training.__file__).with_name(WEIGHTS)
    write_weights(learnt, path)
    sys.stdout.write(
        f"{path}: {path.stat().st_size / 2**20:.1f} MiB; first choice right {accuracy:.3f} of what was left out\n"
    )


if __name__ == "__main__":
    main()
