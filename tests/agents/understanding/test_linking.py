"""Names, in English and Chinese, as people write them, and words that are no names."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.understanding.entities import Entity, KnownEntities, KnownRollout
from agents.understanding.linking import Mention, link, references
from tests.fakes.entities import ENTITIES
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
NAMES = [one.name for one in ENTITIES.entities]


def mentions(text: str) -> list[Mention]:
    return list(link(text, ENTITIES, CATALOGUE))


def firsts(text: str) -> list[tuple[str, str]]:
    """Kind and name of what each mention stands for first; the kind that it looks like where it stands for nothing."""
    return [
        (one.entities[0].kind, one.entities[0].name) if one.entities else (one.looks_like[0], "?")
        for one in mentions(text)
        if not one.common
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Phi 4 mini is good", [("catalogue_model", "phi-4-mini")]),
        ("phi4-mini", [("catalogue_model", "phi-4-mini")]),
        ("把phi4mini部署到三号车间", [("catalogue_model", "phi-4-mini"), ("target", "三号车间")]),
        ("Support Bot v2", [("version", "support-bot@v2")]),
        ("把support-bot@v2灰度到returns", [("version", "support-bot@v2"), ("target", "returns")]),
        ("把挑战者发布到生产", [("alias", "challenger"), ("stage", "production")]),
        ("现役版本", [("alias", "champion")]),
        ("冠军和挑战者", [("alias", "champion"), ("alias", "challenger")]),
        ("move it to prod", [("stage", "production")]),
        ("what is the status of lyon 1", [("device", "lyon-1")]),
        ("revoke hall 3 gw", [("device", "hall-3-gw")]),
        ("show ap-1f2e3d4c5b6a", [("approval", "ap-1f2e3d4c5b6a")]),
        ("resume ro-1111aaaa2222", [("rollout", "ro-1111aaaa2222")]),
        (f"remove sha256:{'a' * 64}", [("artifact", f"sha256:{'a' * 64}")]),
        ("is apache-2.0 fine?", [("licence", "apache-2.0")]),
        ("delegate to ann", [("principal", "ann")]),
        ("revoke delegation dl-0123456789ab", [("delegation", "dl-0123456789ab")]),
        ("revoke key 1a2b3c4d", [("key", "1a2b3c4d")]),
        ("assign manuals to lyon", [("pack", "manuals"), ("target", "lyon")]),
        ("measured on faq", [("dataset", "faq")]),
        ("use rollout_start", [("tool", "rollout_start")]),
        ("smollm2 135m", [("catalogue_model", "smollm2-135m")]),
    ],
)
def test_names_as_they_are(text: str, found: list[tuple[str, str]]) -> None:
    assert firsts(text) == found
    assert all(one.exact for one in mentions(text))


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("v2 of support-bot", ["support-bot@v2"]),
        ("support-bot v2", ["support-bot@v2"]),
        ("support-bot (v2)", ["support-bot@v2"]),
        ("support-bot's v2", ["support-bot@v2"]),
        ("triage (r9)", ["triage@r9"]),
        ("triage version 9", ["triage@r9"]),
        ("version 3 of support-bot", ["support-bot@v3"]),
        ("support-bot version 3", ["support-bot@v3"]),
        ("support-bot 的 v2 版", ["support-bot@v2"]),
        ("support-bot的v2版本", ["support-bot@v2"]),
        ("support-bot 第二版", ["support-bot@v2"]),
        ("warranty-qa version a", ["warranty-qa@a"]),
        ("promote v3", ["support-bot@v3"]),
        ("发布v3", ["support-bot@v3"]),
        ("evaluate r9", ["triage@r9"]),
        ("v2 support-bot", ["support-bot@v2"]),
        ("support bot version two", ["support-bot@v2"]),
        ("the latest support-bot", ["support-bot@v3"]),
        ("support-bot's latest version", ["support-bot@v3"]),
        ("support-bot 的最新版本", ["support-bot@v3"]),
    ],
)
def test_versions_that_are_put_together(text: str, versions: list[str]) -> None:
    (one,) = mentions(text)
    assert [entity.name for entity in one.of_kind("version")] == versions
    assert one.kinds == ("version",)


def test_a_key_that_is_to_be_issued_is_none_yet() -> None:
    assert firsts("issue a key for carol") == [("principal", "carol")]
    assert firsts("issue an api key for bob") == [("principal", "bob")]
    assert firsts("revoke the key for carol") == [("key", "1a2b3c4d")]


def test_an_alias_does_things() -> None:
    assert firsts("did the challenger pass the gate?") == [("alias", "challenger")]


def test_a_label_of_several_models_gives_all_of_them() -> None:
    (one,) = mentions("promote v1")
    assert [entity.name for entity in one.entities] == ["support-bot@v1", "summariser@v1"]


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("compare support-bot v1 and v2", ["support-bot@v1", "support-bot@v2"]),
        ("compare v1 and v2 of support-bot", ["support-bot@v1", "support-bot@v2"]),
        ("triage r8 vs r9", ["triage@r8", "triage@r9"]),
        ("比较 support-bot v1 和 v3", ["support-bot@v1", "support-bot@v3"]),
    ],
)
def test_a_label_beside_a_version_is_of_the_same_model(text: str, versions: list[str]) -> None:
    assert firsts(text) == [("version", name) for name in versions]


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("the 1.5b one", "model", ["warranty-qa"]),
        ("revoke carol's key", "key", ["1a2b3c4d"]),
        ("carol's API key", "key", ["1a2b3c4d"]),
        ("the key of carol", "key", ["1a2b3c4d"]),
        ("carol 的密钥", "key", ["1a2b3c4d"]),
        ("bob's request", "approval", ["ap-1f2e3d4c5b6a", "ap-9a8b7c6d5e4f"]),
        ("the requests from bob", "approval", ["ap-1f2e3d4c5b6a", "ap-9a8b7c6d5e4f"]),
        ("bob 的申请", "approval", ["ap-1f2e3d4c5b6a", "ap-9a8b7c6d5e4f"]),
        ("bob's request for summariser v1", "approval", ["ap-9a8b7c6d5e4f"]),
        ("the request to retire summariser@v1", "approval", ["ap-9a8b7c6d5e4f"]),
        ("the summariser v2 request", "approval", ["ap-1f2e3d4c5b6a"]),
        ("the returns rollout", "rollout", ["ro-1111aaaa2222"]),
        ("the canary on returns", "rollout", ["ro-1111aaaa2222"]),
        ("abort the canary on returns because of alarms", "rollout", ["ro-1111aaaa2222"]),
        ("status of the returns canary", "rollout", ["ro-1111aaaa2222"]),
        ("returns 上的灰度", "rollout", ["ro-1111aaaa2222"]),
        ("暂停 returns 的发布", "rollout", ["ro-1111aaaa2222"]),
        ("retry the triage-eu rollout", "rollout", ["ro-3333bbbb4444"]),
        ("the canary of support-bot v2 on returns", "rollout", ["ro-1111aaaa2222"]),
        ("the rollout of triage r9", "rollout", ["ro-3333bbbb4444"]),
        ("cancel the weekly run", "run", ["run-0123456789ab"]),
        ("the question from press-1", "question", ["q-0011aabbccdd"]),
        ("reject bob's summariser v2 request", "approval", ["ap-1f2e3d4c5b6a"]),
        ("bob 关于 summariser v1 的申请", "approval", ["ap-9a8b7c6d5e4f"]),
        ("the gateway in austin", "device", ["hall-3-gw"]),
        ("the austin gateway", "device", ["hall-3-gw"]),
        ("the device in lyon", "device", ["lyon-1", "lyon-2"]),
        ("is hall 3 gateway online", "device", ["hall-3-gw"]),
        ("the smollm one", "model", ["support-bot", "triage"]),
        ("support target", "target", ["support"]),
        ("target support", "target", ["support"]),
        ("lyon devices", "group", ["lyon"]),
        ("三号车间的设备", "group", ["三号车间"]),
        ("the weekly pipeline", "pipeline", ["weekly"]),
    ],
)
def test_things_by_their_kind_and_whose_they_are(text: str, kind: str, names: list[str]) -> None:
    (one,) = mentions(text)
    assert one.entities[0].kind == kind
    assert [entity.name for entity in one.entities if entity.kind == kind] == names
    assert not one.common


@pytest.mark.parametrize(
    "text",
    [
        "start a canary of support-bot v2 on returns with 10%",
        "start a canary on returns with support-bot v2",
        "begin the rollout of support-bot v2 on returns",
        "在 returns 上发布 support-bot@v2",
    ],
)
def test_a_rollout_that_is_to_be_started_is_none_yet(text: str) -> None:
    assert {one.kinds[0] for one in mentions(text)} == {"version", "target"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("suport-bot v2", ("version", "support-bot@v2")),
        ("suport-bot@v2", ("version", "support-bot@v2")),
        ("summarizer v2", ("version", "summariser@v2")),
        ("promote the challanger", ("alias", "challenger")),
        ("roll out to retruns", ("target", "returns")),
        ("advance wekly", ("pipeline", "weekly")),
        ("tirage r9", ("version", "triage@r9")),
        ("giev globx more", ("tenant", "globex")),
        ("deploy phi-4-mnii", ("catalogue_model", "phi-4-mini")),
        ("suport bot", ("model", "support-bot")),
    ],
)
def test_typing_errors(text: str, found: tuple[str, str]) -> None:
    (one,) = mentions(text)
    assert (one.entities[0].kind, one.entities[0].name) == found
    assert not one.exact


@pytest.mark.parametrize(
    "text",
    [
        "we summarised the returned goods",
        "champions of the summer",
        "the week is over",
        "can it triangulate?",
        "who supports us",
        "we triaged the case",
        "How long is the warranty?",
        "reports and holidays",
        "a bot for the summary",
        "ok bop, an anc",
        "What is the acne treatment?",
        "请问保修期多长时间",
        "how do I return a product?",
        "put it on hold",
    ],
)
def test_ordinary_words_are_no_misspelt_names(text: str) -> None:
    assert [one for one in mentions(text) if not one.common] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("promote support-bot@v9", "version"),
        ("promote support-bot v9", "version"),
        ("v9 please", "version"),
        ("approve ap-123456", "approval"),
        ("abort ro-deadbeef0000", "rollout"),
        ("deploy qwen9-3b", "catalogue_model"),
        ("能用qwen9-3b吗", "catalogue_model"),
        ("remove sha256:abcdef", "artifact"),
        ("revoke press-9", "device"),
        ("五号车间", "target"),
        ("suspend tenant initech", "tenant"),
        ("abort triage-eu2", "target"),
        ("v2.1 of support-bot", "version"),
        ("issue a key for dave", "principal"),
        ("reply to press-1:7, yes", "question"),
        ("revoke Zed's key", "key"),
    ],
)
def test_what_looks_like_a_name_and_is_none(text: str, kind: str) -> None:
    (one,) = mentions(text)
    assert (one.entities, one.looks_like[0]) == ((), kind)


@pytest.mark.parametrize(
    "text",
    [
        "we support German",
        "does it support German?",
        "which models support French?",
        "the API returns 500 errors",
        "it returns an empty page",
        "weekly report please",
        "by default",
        "what is the default policy?",
        "use default settings",
        "contact the support team",
        "local models",
        "our customer support is slow",
        "does the SE30 support modbus?",
        "returns are accepted",
        "What if a customer returns a pump?",
    ],
)
def test_names_that_are_ordinary_words_here(text: str) -> None:
    known = replace(ENTITIES, tenants=("default",))
    found = link(text, known, CATALOGUE)
    assert found
    assert all(one.common for one in found)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("roll out to support", "support"),
        ("10% on support for 30 minutes", "support"),
        ("pause support", "support"),
        ("roll back returns", "returns"),
        ("abort returns", "returns"),
        ("on support", "support"),
        ("support", "support"),
        ("returns, please", "returns"),
        ("hold support at 10%", "support"),
        ("run weekly", "weekly"),
        ("suspend default", "default"),
        ("give local three days", "local"),
        ("what does support serve?", "support"),
        ("把 support 切到 50%", "support"),
    ],
)
def test_names_that_are_ordinary_words_elsewhere(text: str, name: str) -> None:
    (one,) = [one for one in mentions(text) if one.words == name]
    assert not one.common


@pytest.mark.parametrize(
    "text", ["user@example.com", "SE30 in hall-3", "RMA-26-000001 of Aster 16 Pro", "1.5 and 2.0", ""]
)
def test_what_is_no_name_at_all(text: str) -> None:
    assert mentions(text) == []


def test_several_kinds_under_one_name() -> None:
    known = KnownEntities(
        targets={"hall-3": "devices"},
        devices={"press-1": "hall-3"},
        policies=("hall-3",),
        rollouts=(KnownRollout("ro-1", "hall-3", "holding", "x@1", open=True),),
    )
    (one,) = link("hall 3", known, CATALOGUE)
    assert set(one.kinds) == {"target", "group", "policy"}
    (one,) = link("the hall-3 policy", known, CATALOGUE)
    assert one.kinds[0] == "policy"
    (one,) = link("pause the hall 3 rollout", known, CATALOGUE)
    assert one.kinds[0] == "rollout"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pause it", [("it", None, None)]),
        ("pause that rollout", [("that rollout", "rollout", None)]),
        ("the second one", [("the second one", None, 2)]),
        ("the last rollout", [("the last rollout", "rollout", -1)]),
        ("do that again", [("that", None, None)]),
        ("stop that", [("that", None, None)]),
        ("the same", [("the same", None, None)]),
        ("these", [("these", None, None)]),
        ("revoke them", [("them", None, None)]),
        ("approve both requests", [("both requests", "approval", None)]),
        ("what about this one?", [("this one", None, None)]),
        ("promote the version", [("the version", "version", None)]),
        ("is it possible to pause it?", [("it", None, None)]),
        ("option 2", [("option 2", None, 2)]),
        ("resume the paused rollout", [("the paused rollout", "rollout", None)]),
        ("reject the older one", [("the older one", None, None)]),
        ("approve both", [("both", None, None)]),
        ("这个怎么回滚", [("这个", None, None)]),
        ("批准第二个申请", [("第二个申请", "approval", 2)]),
        ("它", [("它", None, None)]),
        ("把它暂停", [("它", None, None)]),
        ("那个发布", [("那个发布", "rollout", None)]),
        ("暂停这个灰度", [("这个灰度", "rollout", None)]),
        ("刚才那个", [("刚才那个", None, None)]),
        ("第二个", [("第二个", None, 2)]),
        ("回滚那个版本", [("那个版本", "version", None)]),
    ],
)
def test_references(text: str, found: list[tuple[str, str | None, int | None]]) -> None:
    assert [(one.words, one.kind, one.ordinal) for one in references(text, mentions(text))] == found


@pytest.mark.parametrize(
    "text",
    [
        "it is late",
        "it's raining",
        "how's it going",
        "what time is it",
        "make sure that support-bot works",
        "so that we can ship",
        "the rollout that failed",
        "the version of support-bot",
        "the first time",
        "the version history of support-bot",
        "这个月的报告",
        "the IT department",
    ],
)
def test_words_that_refer_to_nothing(text: str) -> None:
    assert references(text, mentions(text)) == ()


TEXTS = st.lists(
    st.sampled_from([*"abcqv12357 .,-@()%'“”\"的和版第二个那它三号\n", "support", "bot", "v2", " of ", "rollout"]),
    max_size=40,
).map("".join)


@given(
    TEXTS
    | st.text(max_size=60)
    | st.lists(st.sampled_from([*NAMES, "the", "rollout on", "and", "'s key", "的"])).map(" ".join)
)
def test_any_text_gives_spans_in_order_that_do_not_overlap(text: str) -> None:
    found = link(text, ENTITIES, CATALOGUE)
    both = [*found, *references(text, found)]
    assert all(one.words == text[one.start : one.end] and one.words for one in both)
    ends = 0
    for one in found:
        assert one.start >= ends
        assert one.entities or one.looks_like
        ends = one.end
    uncommon = sorted((one.start, one.end) for one in both if not (isinstance(one, Mention) and one.common))
    assert all(first[1] <= second[0] for first, second in pairwise(uncommon))


@given(st.sampled_from([one for one in ENTITIES.entities if one.kind != "tool"]), st.booleans())
def test_every_name_is_linked_wherever_it_stands(one: Entity, upper: bool) -> None:
    said = one.name.upper() if upper else one.name
    for text in (said, f"show “{said}”, please", f"请问 {said} 怎么样"):
        assert any(one in mention.entities for mention in mentions(text))


def test_the_names_of_a_long_text_are_found_in_its_beginning() -> None:
    found = mentions("support-bot@v2 " * 100_000)
    assert 200 < len(found) < 400
