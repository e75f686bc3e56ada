"""A model's call stands only where it is what the words ask for; orders that no tool carries out never become readings."""

import pytest

from edge.agent.call_fit import call_fits
from edge.agent.intent import is_machine_order
from tests.fakes.assisted_devices import NAMES, Device
from tests.fakes.edge_models import ScriptedChat, call, final


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("I wonder whether the oil is getting rather hot these days", "oil_temperature"),
        ("has the spindle vibration been rising lately?", "spindle_vibration"),
        ("is pump 2 flow still normal", "pump2_flow"),
        ("how is the humidity doing, is it high?", "ambient_humidity"),
        ("油温最近是不是偏高", "oil_temperature"),
        ("现在液压正常吗", "hydraulic_pressure"),
    ],
)
def test_words_of_the_sensor_and_words_that_name_nothing_fit(text: str, sensor: str) -> None:
    assert call_fits("sensor_read", {"sensor": sensor}, text, NAMES)
    assert not call_fits("sensor_read", {"sensor": "motor_current"}, text, NAMES)


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("is the warranty of pump 2 still valid", "pump2_flow"),
        ("who supplies the hydraulic oil", "oil_temperature"),
        ("how much current may the contractor draw per month", "motor_current"),
        ("what is the temperature of the sun", "cabinet_temperature"),
        ("what pressure does the law allow", "hydraulic_pressure"),
        ("why is the oil so hot", "oil_temperature"),
        ("油的价格是多少", "oil_temperature"),
        ("液压油多久换一次", "hydraulic_pressure"),
        ("主轴振动的供应商是谁", "spindle_vibration"),
    ],
)
def test_a_question_that_names_anything_else_does_not(text: str, sensor: str) -> None:
    assert not call_fits("sensor_read", {"sensor": sensor}, text, NAMES)


def test_what_a_model_took_for_something_else_is_for_the_next_tier() -> None:
    device = Device()
    small = ScriptedChat(call("sensor_read", sensor="pump2_flow"), final("It is 27.5 A."), name="tiny")
    answer = device.assistant(small).ask("is the warranty of the pump 2 flow meter still valid?", by="person:a")
    assert (answer.tier, answer.tool_calls) == ("queued", ())
    assert any("is not what the question asks for" in reason for reason in answer.reasons)


def test_lines_that_lack_what_was_asked_for_are_no_answer() -> None:
    device = Device()
    small = ScriptedChat(call("log_search", level="error"), final("There is an error."), name="tiny")
    answer = device.assistant(small).ask("did the conveyor report a fault during the night", by="person:a")
    assert answer.tier == "queued"


ORDERS = (
    "restart the pump", "please reboot the gateway", "can you reboot?", "set the oil temperature to 40",
    "increase the hydraulic pressure to 6 bar", "turn off the fan", "turn the fan off", "shut down line 1", "open the valve",
    "change the setpoint of the oven", "the gateway needs a reboot", "check the pump and restart it", "reduce speed by 10 percent",
    "重启网关", "请重启水泵", "帮我把油温调到40度", "关闭风扇", "打开阀门", "把压力设为6", "能不能重启一下设备", "提高转速到1200",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_to_a_machine_is_refused_said_so_and_not_queued(text: str) -> None:
    device = Device()
    eager = ScriptedChat(call("sensor_read", sensor="oil_temperature"), final("Done."))
    answer = device.assistant(eager).ask(text, by="person:a")
    assert (answer.tier, answer.ok, answer.tool_calls, device.done) == ("none", False, (), [])
    assert answer.text.startswith(("Not done.", "未执行。"))
    assert device.journal.of("question") == []


@pytest.mark.parametrize(
    "text",
    [
        "how do I restart the pump", "why did the gateway reboot", "what is the set point", "is the valve open",
        "did the pump restart last night", "show the errors since the restart", "the door is open",
        "remind me to restart the pump", "where is the reset button", "note: restart pump 2",
        "怎么重启网关", "为什么重启了", "设备重启了吗", "查看重启日志",
    ],
)  # fmt: skip
def test_a_question_about_it_is_a_question(text: str) -> None:
    assert not is_machine_order(text)


def test_models_that_are_not_for_people_answer_jobs_alone() -> None:
    question = "I wonder whether the oil is getting rather hot these days"
    said = (call("sensor_read", sensor="oil_temperature"), final("The oil temperature is 20.5 °C."))
    tiny = ScriptedChat(*said, *said, name="tiny")
    assistant = Device().assistant(tiny, for_people=list)
    for by in ("person:a", "hub:b"):
        answer = assistant.ask(question, by=by)
        assert answer.tier == "queued"
        assert any(reason.startswith("tiny: too small to answer people") for reason in answer.reasons)
    assert assistant.ask(question, by="job:nightly").tier == "small"
