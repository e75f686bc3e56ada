"""One exchange: what goes up, what is taken of the answer, and what is not."""

from pathlib import Path
from typing import Any

import pytest

from edge.configuration import Configuration
from edge.database import Database, open_database
from edge.kernel.errors import HubRefused, LinkFailed, Untrusted
from edge.kernel.protocol.messages import SyncRequest
from edge.outbox import Bounds, Outbox
from edge.state import DesiredState, ReportedState
from edge.sync.exchange import RoundReport
from tests.fakes.edge_devices import DirectLink, open_outbox, open_syncer
from tests.fakes.reference_hubs import ReferenceHub, signer_of


class Site:
    """A device and its hub."""

    def __init__(self, folder: Path, most_events: int = 500, bounds: Bounds | None = None) -> None:
        self.folder, self.most_events, self.bounds = folder, most_events, bounds
        self.hub = ReferenceHub()
        self.hub.enrolled("a")
        self.link = DirectLink(self.hub, "a")
        self.open("boot-1")

    def open(self, boot: str) -> None:
        self.database: Database = open_database(self.folder / "edge.db")
        self.outbox: Outbox = open_outbox(self.database, bounds=self.bounds, boot=boot)
        self.syncer = open_syncer(self.hub, self.link, self.database, self.outbox, "a", self.most_events)
        self.desired, self.reported = DesiredState(self.database), ReportedState(self.database)
        self.configuration = Configuration(self.database)

    async def settle(self, most: int = 50) -> list[RoundReport]:
        reports = []
        for _ in range(most):
            reports.append(await self.syncer.round())
            if not reports[-1].at_once:
                return reports
        raise AssertionError("It does not settle.")

    def bodies(self) -> list[Any]:
        return [event.body for event in self.hub.received("a") if "n" in event.body]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, most_events=4)


async def test_events_arrive_once_and_in_order_over_several_batches(site: Site) -> None:
    for n in range(10):
        site.outbox.record("audit", {"n": n})
    reports = await site.settle()
    assert [body["n"] for body in site.bodies()] == list(range(10))
    assert [report.sent for report in reports] == [4, 4, 2]
    assert site.outbox.status().waiting == 0


async def test_a_lost_answer_leads_to_no_second_copy(site: Site) -> None:
    site.outbox.record("audit", {"n": 1})

    def lost(answer: dict[str, Any]) -> dict[str, Any]:
        raise LinkFailed("cut")

    site.link.spoil = lost
    with pytest.raises(LinkFailed):
        await site.syncer.round()
    assert len(site.bodies()) == 1
    site.link.spoil = dict
    site.outbox.record("audit", {"n": 2})
    await site.settle()
    assert [body["n"] for body in site.bodies()] == [1, 2]


async def test_a_hub_restored_from_an_older_backup_gets_again_what_it_lost(site: Site) -> None:
    for n in range(3):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    backup = site.hub.backup()
    for n in range(3, 9):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    site.hub.restore(backup)
    reports = await site.settle()
    assert reports[0].place == "rewound"
    assert [body["n"] for body in site.bodies()] == list(range(9))
    assert site.outbox.status().forks == 0


async def test_a_hub_that_lost_everything_gets_all_that_is_still_here(site: Site) -> None:
    empty = site.hub.backup()
    for n in range(6):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    site.hub.restore(empty)
    await site.settle()
    assert [body["n"] for body in site.bodies()] == list(range(6))


async def test_a_disk_that_was_set_back_begins_a_new_stream_and_nothing_comes_twice_or_is_lost(site: Site) -> None:
    for n in range(3):
        site.outbox.record("audit", {"n": n})
    site.database.close()
    image = (site.folder / "edge.db").read_bytes()
    site.open("boot-2")
    for n in range(3, 8):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    site.database.close()
    (site.folder / "edge.db").write_bytes(image)
    site.open("boot-3")
    for n in range(100, 108):
        site.outbox.record("audit", {"n": n})
    reports = await site.settle()
    assert "forked" in {report.place for report in reports}
    assert [body["n"] for body in site.bodies()] == [*range(8), *range(100, 108)]


async def test_an_acknowledgement_of_another_history_is_not_one(site: Site) -> None:
    """The hub's place is beyond what this disk ever sent, and it has a chain there that is not this disk's."""
    site.outbox.record("audit", {"n": 0})
    site.database.close()
    image = (site.folder / "edge.db").read_bytes()
    site.open("boot-2")
    site.outbox.record("audit", {"n": 1})
    await site.settle()
    site.database.close()
    (site.folder / "edge.db").write_bytes(image)
    site.open("boot-3")
    site.outbox.record("audit", {"n": 2})  # The same number as that of the event 1.
    await site.settle()
    assert [body["n"] for body in site.bodies()] == [0, 1, 2]


@pytest.mark.parametrize("field", ["cursor", "cursor_chain", "next_s", "reported_version"])
async def test_an_answer_that_was_altered_is_not_taken_and_that_is_recorded_once(site: Site, field: str) -> None:
    site.outbox.record("audit", {"n": 1})
    altered = {"cursor": 0, "cursor_chain": "f" * 64, "next_s": 1.0, "reported_version": 7}
    site.link.spoil = lambda answer: answer | {field: altered[field]}
    for _ in range(3):
        with pytest.raises(Untrusted):
            await site.syncer.round()
    assert site.outbox.status().acknowledged == 0
    assert [event.kind for event in site.outbox.recent()] == ["audit", "refused"]
    site.link.spoil = dict
    await site.settle()
    assert site.outbox.status().waiting == 0


async def test_an_earlier_answer_cannot_be_played_again(site: Site) -> None:
    answers: list[dict[str, Any]] = []

    def keep(answer: dict[str, Any]) -> dict[str, Any]:
        answers.append(answer)
        return answer

    site.link.spoil = keep
    await site.syncer.round()
    site.link.spoil = lambda answer: answer and answers[0]
    with pytest.raises(Untrusted):
        await site.syncer.round()


async def test_what_the_hub_sets_aside_is_reported_and_holds_nothing_up(site: Site) -> None:
    for n in range(6):
        site.outbox.record("audit", {"n": n})
    with site.database.transaction() as rows:
        rows.execute("UPDATE outbox SET body = ? WHERE seq = 2", ('{"n": 99}',))  # the disk altered it
        rows.execute("UPDATE outbox SET body = ? WHERE seq = 4", ('{"n": ',))
    reports = await site.settle()
    assert sum(report.set_aside for report in reports) == 2
    assert [body["n"] for body in site.bodies()] == [0, 2, 4, 5]
    told = [event.body for event in site.hub.received("a") if event.kind == "refused"]
    assert [(body["what"], body["seq"]) for body in told] == [("event_set_aside", 2), ("event_set_aside", 4)]


async def test_the_one_event_for_which_the_hub_refuses_requests_stays_on_the_device(site: Site) -> None:
    class Choosy(DirectLink):
        async def call(self, tool: str, arguments: Any) -> Any:
            if any(event["body"].get("n") == 2 for event in SyncRequest.model_validate(arguments).carried()):
                raise HubRefused("It cannot be read.", code="invalid_input")
            return await super().call(tool, arguments)

    link = Choosy(site.hub, "a")
    site.syncer = open_syncer(site.hub, link, site.database, site.outbox)
    for n in range(5):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    assert [body["n"] for body in site.bodies()] == [0, 1, 3, 4]
    assert site.outbox.status().waiting == 0
    assert [event.kind for event in site.hub.received("a")][-1] == "refused"


async def test_a_hub_that_refuses_every_request_makes_the_device_give_up_nothing(site: Site) -> None:
    class Closed(DirectLink):
        async def call(self, tool: str, arguments: Any) -> Any:
            raise HubRefused("No.", code="invalid_input")

    site.outbox.record("audit", {"n": 1})
    site.syncer = open_syncer(site.hub, Closed(site.hub, "a"), site.database, site.outbox)
    assert (await site.syncer.round()).place == "narrowed"
    for _ in range(3):
        with pytest.raises(HubRefused):
            await site.syncer.round()
    assert site.outbox.status().waiting == 1


async def test_desired_state_comes_changes_and_goes(site: Site) -> None:
    site.hub.want("a", "prompt", "system", {"text": "Be brief."})
    site.hub.want("a", "policy", "policy", {"tools": ["read"]})
    reports = await site.settle()
    assert frozenset({"prompt", "policy"}) in {report.changed for report in reports}
    site.hub.want("a", "prompt", "system", None)
    site.hub.want("a", "policy", "policy", {"tools": []})
    await site.settle()
    assert {(item.kind, item.name): item.body for item in site.desired.items()} == {("policy", "policy"): {"tools": []}}
    assert (await site.settle())[-1].changed == frozenset()


async def test_state_that_the_disk_altered_is_fetched_anew(site: Site) -> None:
    site.hub.want("a", "prompt", "system", {"text": "Be brief."})
    await site.settle()
    with site.database.transaction() as rows:
        rows.execute("UPDATE desired SET body = ?", ('{"text": "Be rude."}',))
    await site.settle()
    assert [item.body for item in site.desired.items()] == [{"text": "Be brief."}]


async def test_state_that_does_not_fit_its_digest_is_asked_for_as_a_whole(site: Site) -> None:
    site.hub.want("a", "prompt", "system", {"text": "one"})
    await site.settle()
    with site.database.transaction() as rows:  # Such as a row of a former release.
        rows.execute("INSERT INTO desired VALUES ('prompt', 'strange', 1, '{}')")
    site.hub.want("a", "prompt", "system", {"text": "two"})
    await site.settle()
    assert site.link.requests[-1].whole or any(request.whole for request in site.link.requests[1:])
    assert [item.body for item in site.desired.items()] == [{"text": "two"}]


async def test_state_signed_by_another_key_or_for_another_device_is_refused(site: Site) -> None:
    site.hub.kept["b"] = site.hub.kept["a"].copied()
    site.hub.want("a", "prompt", "system", {"text": "mine"})
    true_signer, site.hub.signer = site.hub.signer, signer_of("somebody")
    with pytest.raises(Untrusted):
        await site.syncer.round()
    site.hub.signer = true_signer
    await site.settle()
    assert [item.body for item in site.desired.items()] == [{"text": "mine"}]


async def test_configuration_is_merged_and_conflicts_are_told(site: Site) -> None:
    site.hub.want(
        "a", "configuration", "configuration", {"values": {"limit": 5, "names": ["x"]}, "rules": {"limit": "smallest"}}
    )
    await site.settle()
    site.configuration.change("limit", 3)
    site.hub.want(
        "a",
        "configuration",
        "configuration",
        {"values": {"limit": 4, "names": ["x", "y"]}, "rules": {"limit": "smallest"}},
    )
    await site.settle()
    await site.settle()
    assert site.configuration.values() == {"limit": 3, "names": ["x", "y"]}
    told = [event.body for event in site.hub.received("a") if event.kind == "conflict"]
    assert [(body["key"], body["rule"], body["result"]) for body in told] == [("limit", "smallest", {"value": 3})]
    assert site.hub.kept["a"].reported == {"configuration": {"limit": 3, "names": ["x", "y"]}}


async def test_reported_state_goes_up_once_and_again_after_the_hub_lost_it(site: Site) -> None:
    backup = site.hub.backup()
    site.reported.put("version", "m-1")
    await site.settle()
    await site.settle()
    assert [request.reported is not None for request in site.link.requests] == [True, False]
    site.hub.restore(backup)
    await site.settle()
    await site.settle()
    assert site.hub.kept["a"].reported == {"configuration": {}, "version": "m-1"}


async def test_a_full_outbox_can_still_be_emptied(tmp_path: Path) -> None:
    site = Site(tmp_path, bounds=Bounds(audit=1500, record=4000, telemetry=2000, delivered=0))
    for n in range(6):
        site.outbox.record("audit", {"n": n})
    await site.settle()
    assert len(site.bodies()) == 6
    site.outbox.record("audit", {"n": 6})
