from agents.understanding.interpretation import Argument, PlannedCall


def test_a_call_is_implicit_where_an_argument_came_from_the_thread() -> None:
    said, thread = Argument("ro-1", "ro-1"), Argument("ro-1", "it", "thread")
    assert not PlannedCall("t", {"rollout": "ro-1"}, {"rollout": said}).implicit
    assert PlannedCall("t", {"rollout": "ro-1"}, {"rollout": thread}).implicit
    assert PlannedCall("t", {"rollout": "ro-1"}, {"rollout": said}) == PlannedCall("t", {"rollout": "ro-1"})
