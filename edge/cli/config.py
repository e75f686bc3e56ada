"""`chargehand-edge config`."""

import argparse
import json
import sys

from edge.cli.outcomes import DONE
from edge.configuration import Configuration
from edge.errors import InvalidInput
from edge.home import Parts
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("key", nargs="?", help="a key, such as alerts.temperature; all where it is left out")
    parser.add_argument("value", nargs="?", help="the new value, as JSON")
    parser.add_argument("--remove", action="store_true", help="remove the key")


def run(options: argparse.Namespace) -> int:
    """Show or change; what the hub wants is merged with it at the next exchange."""
    parts = Parts.of(load_settings(options.home))
    configuration = Configuration(parts.database)
    if options.key and options.remove:
        configuration.remove(options.key)
    elif options.key and options.value is not None:
        try:
            configuration.change(options.key, json.loads(options.value))
        except ValueError as error:
            raise InvalidInput(f"{options.value!r} is not JSON.", 'Write texts as "text".') from error
    values = configuration.values()
    if options.key and options.value is None and not options.remove:
        if options.key not in values:
            raise InvalidInput(
                f"There is no value {options.key!r}.", f"There are: {', '.join(sorted(values)) or 'none'}."
            )
        values = {options.key: values[options.key]}
    if not values:
        print("Nothing is configured.", file=sys.stderr)
    for key, value in sorted(values.items()):
        print(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    parts.database.close()
    return DONE
