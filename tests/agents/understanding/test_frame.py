from agents.understanding.frame import Frame
from agents.understanding.interpretation import Argument, PlannedCall, Question
from graphs.understanding import FRAME_AS_JSON

FRAME = Frame(
    (("version", "bot@2"), ("rollout", "ro-1"), ("version", "bot@1"), ("version", "bot@2")),
    asked=Question("missing", "Which?", "rollout_pause", {}, "rollout", ("ro-1",)),
    proposed=(PlannedCall("t", {"a": 1}, {"a": Argument(1, "one")}),),
)


def test_names_are_those_of_the_first_kind_that_there_is_each_once() -> None:
    assert FRAME.names(("alias", "version")) == ["bot@2", "bot@1"]
    assert FRAME.names(("rollout", "version")) == ["ro-1"]
    assert FRAME.names(("device",)) == []


def test_a_frame_is_the_same_after_it_was_kept() -> None:
    kept = FRAME_AS_JSON.validate_json(FRAME_AS_JSON.dump_json(FRAME))
    assert kept == FRAME
    assert kept.proposed[0].origins == FRAME.proposed[0].origins
