"""What the hub answered to questions of the device's, with the question."""

from pathlib import Path

from edge.database import open_database
from edge.kernel.protocol.desired import Desired, Item, state_digest
from edge.questions import HubReplies, HubReply
from edge.state import DesiredState


def test_a_reply_is_kept_with_its_question(tmp_path: Path) -> None:
    database = open_database(tmp_path / "edge.db")
    bodies = {
        "7": {"question": "7", "text": "Ann does.", "citations": ["rota"], "asked": "who mends the press?"},
        "8": {"question": "8", "text": "Yes.", "citations": []},  # from a hub of an earlier release
    }
    items = tuple(Item(kind="reply", name=name, revision=int(name), body=body) for name, body in bodies.items())
    DesiredState(database).take(Desired(device="a", since=None, revision=8, items=items, digest=state_digest(items)))
    replies = HubReplies(database)
    assert (replies.take(), replies.take()) == (2, 0)
    assert replies.all() == [
        HubReply("8", "Yes.", ()),
        HubReply("7", "Ann does.", ("rota",), "who mends the press?"),
    ]
    database.close()
