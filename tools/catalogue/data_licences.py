"""Licences of data sets, for adapters are trained on data that have terms too."""

from importlib.resources import files

from memory.yaml_text import parse_yaml
from tools.catalogue import Licence

__all__ = ["DataLicence", "load_data_licences"]


class DataLicence(Licence):
    """Terms of one data licence, as its text states them; `source` decides, not this summary."""

    share_alike: bool
    """What is adapted from the data must be passed on under the same licence."""


def load_data_licences() -> dict[str, DataLicence]:
    """The bundled data licences by id, such as `cc-by-4.0`; a few milliseconds."""
    data = parse_yaml(files("tools.catalogue").joinpath("data_licences.yaml").read_bytes())
    return {key: DataLicence.model_validate(entry) for key, entry in data["licences"].items()}
