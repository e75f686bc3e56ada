"""What the hub may name of a device is what a device has."""

from pathlib import Path
from typing import get_args

import pytest

from edge.configuration import Rule
from edge.device import open_toolbox
from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.device_tools import (
    DEVICE_TOOLS,
    MERGE_RULES,
    check_limits,
    check_settings,
    check_tool_call,
    check_tools,
)


def test_the_list_is_what_a_whole_device_has(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(f'[logs]\napp = "{tmp_path}"\n', encoding="utf-8")
    toolbox = open_toolbox(tmp_path)
    schemas = {name: toolbox.tool(name).arguments.model_json_schema() for name in toolbox.all_names}
    found = {
        name: tuple(f"{one}!" if one in schema.get("required", ()) else one for one in schema.get("properties", {}))
        for name, schema in schemas.items()
    }
    assert found == dict(DEVICE_TOOLS)
    assert get_args(Rule) == MERGE_RULES


@pytest.mark.parametrize(
    ("name", "arguments", "advice"),
    [
        ("sensor_raed", {"sensor": "inlet"}, "Did you mean sensor_read"),
        ("format_disk", {}, "There are "),
        ("sensor_read", {"sensr": "inlet"}, "Did you mean sensor?"),
        ("sensor_read", {}, "Add it"),
        ("system_health", {"now": True}, "There are none"),
    ],
)
def test_what_no_device_could_do_is_refused(name: str, arguments: dict[str, object], advice: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_tool_call(name, arguments)
    assert advice in caught.value.advice


def test_settings_and_limits_of_the_agent_are_known_by_name_and_value() -> None:
    check_settings({"sync.every_s": 30, "report.every_s": None, "site": "north", "every_s": 5})
    for wrong in ({"sync.evry_s": 30}, {"sync_every_s": 30}, {"sync.every_s": 0}, {"report.every_s": "often"}):
        with pytest.raises(InvalidInput):
            check_settings(wrong)
    check_limits(["timeout_s"])
    check_tools(["note_take"])
    with pytest.raises(InvalidInput):
        check_limits(["timeout"])
    with pytest.raises(InvalidInput):
        check_tools(["note_take", "notes_take"])
