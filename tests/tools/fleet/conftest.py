"""A hub with the tools of the fleet."""

from pathlib import Path

import pytest

from tests.fakes.fleet_devices import FleetWorks, open_fleet
from tests.fakes.works import Works


@pytest.fixture
def hub(works: Works, tmp_path: Path) -> FleetWorks:
    return open_fleet(works, tmp_path)
