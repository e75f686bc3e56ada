"""What the planner asks back, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Question", "ask"]

Kind = Literal["missing", "ambiguous", "unknown", "contradictory", "mood", "unclear"]
"""Why it asks: something is not said, several are meant, nothing has that name, it cannot be so, it was not an order,
a word was not understood."""

_QUESTIONS: dict[str, tuple[Kind, str, str]] = {
    "which_version": ("ambiguous", "Which version of {model}: {names}?", "{model} 的哪个版本：{names}？"),
    "no_version_of": ("missing", "{model} has no version yet. Register one first.", "{model} 还没有版本，请先登记。"),
    "name_version": ("missing", "Which version? There are: {names}.", "哪个版本？现有：{names}。"),
    "name_target": ("missing", "On which target? There are: {names}.", "在哪个目标上？现有：{names}。"),
    "name_strategy": (
        "missing",
        "How should {version} go out to {target}: as a canary, blue-green, rolling, recreate or shadow?",
        "{version} 要怎样发布到 {target}：金丝雀、蓝绿、滚动、重建还是影子？",
    ),
    "name_reason": ("missing", (
        "Why? Say “… because"
        " …”: the reason is kept."
    ), "为什么？请说“……，因为……”，理由会被记录。"),
    "name_rollout": ("missing", "Which rollout? Under way: {names}.", "哪个发布？正在进行：{names}。"),
    "which_rollout": ("ambiguous", "Which rollout: {names}?", "哪个发布：{names}？"),
    "no_rollout": (
        "missing",
        "No such rollout is there to {verb} on {target}. Under way: {names}.",
        "{target} 上没有可以{verb}的发布。正在进行：{names}。",
    ),
    "roll_back_to": (
        "missing",
        (
            "No rollout is under way on {target}. To go back to an earlier version say, for example,"
            " “blue-green VERSION to {target}”. Which version?"
        ),
        "{target} 上没有正在进行的发布。要回到以前的版本，请说例如“把 VERSION 蓝绿发布到 {target}”。哪个版本？",
    ),
    "stop_or_pause": (
        "ambiguous",
        ("“Stop” could be pause (the traffic stays as it is) or abort (the former version gets everything back)."
        " Which of the two?"),
        "“停止”可以是暂停（流量保持不变），也可以是中止（恢复原来的版本）。是哪一个？",
    ),
    "promote_to": (
        "missing",
        "Promote {version} to what: champion, staging or production?",
        "把 {version} 晋级到哪里：champion、staging 还是 production？",
    ),
    "promote_which": (
        "ambiguous",
        ("{version} is in rollout {rollout}. Shall that go on to 100 % (“promote {rollout}”), or shall champion name it"
        " (“promote {version} to champion”)?"),
        ("{version} 正在发布 {rollout} 中。是让它升到 100 %（“晋级 {rollout}”），还是让 champion 指向它"
        "（“把 {version} 晋级为 champion”）？"),
    ),
    "name_stage": ("missing", "To which stage? There are: {names}.", "转到哪个阶段？现有：{names}。"),
    "name_alias": ("missing", "Which alias? There are: {names}.", "哪个别名？现有：{names}。"),
    "no_previous": (
        "missing",
        "{alias} named nothing before that is known. Which version shall it name?",
        "不知道 {alias} 以前指向哪个版本。要让它指向哪个版本？",
    ),
    "name_approval": (
        "missing",
        "Which approval? Say its id. Waiting: {names}.",
        "哪个审批？请说出编号。待审批：{names}。",
    ),
    "name_tenant": ("missing", "Which tenant? There are: {names}.", "哪个租户？现有：{names}。"),
    "name_quota": (
        "missing",
        "What shall {tenant} be limited to? For example “600 requests per minute” or “100000 tokens per day”.",
        "要把 {tenant} 限制为多少？例如“每分钟 600 次请求”或“每天 100000 token”。",
    ),
    "name_policy": ("missing", "Which one policy? There are: {names}.", "哪一个策略？现有：{names}。"),
    "name_factory": ("missing", "Which one factory? There are: {names}.", "哪一个工厂？现有：{names}。"),
    "name_pipeline": ("missing", "Which one pipeline? There are: {names}.", "哪一条流水线？现有：{names}。"),
    "name_label": (
        "missing",
        "Under which label shall the version be made? Say “… as LABEL”.",
        "新版本用什么标签？请说“…… as 标签”。",
    ),
    "name_new": ("missing", "What is the new name?", "新的名称是什么？"),
    "version_parts": (
        "missing",
        ("A version needs: {names}. For example “register version smollm2@3 served by ollama:smollm2-v3 from base"
        " smollm2-135m”."),
        (
            "登记版本还需要：{names}。例如“register version smollm2@3 served"
            " by ollama:smollm2-v3 from base smollm2-135m”。"
        ),
    ),
    "factory_parts": (
        "missing",
        ("A factory needs: {names}. For example “create a model factory called edge-support for support from base"
        " smollm2-135m served by local:smollm2-135m”."),
        ("创建工厂还需要：{names}。例如“create a model factory called edge-support for support from base smollm2-135m"
        " served by local:smollm2-135m”。"),
    ),
    "pipeline_stages": (
        "missing",
        (
            "Through which stages? For example “create pipeline weekly: staging with gate, then production with gate"
            " and approval”."
        ),
        "经过哪些阶段？例如“创建流水线 weekly：staging 过门禁，然后 production 过门禁并审批”。",
    ),
    "taken": ("contradictory", "There is “{name}” already. Which new name?", "“{name}”已经存在。换什么新名称？"),
    "first_version": (
        "contradictory",
        "{target} is new and serves nothing to go over from. Say “recreate new target {target} with {version}”?",
        "{target} 是新目标，没有可以过渡的版本。是否“重建新目标 {target}，使用 {version}”？",
    ),
    "record_parts": (
        "missing",
        ("The record lacks: {names}. For example “record accuracy 0.78 (0.74 to 0.82) on 400 samples of dataset"
        " faq for VERSION”."),
        "记录还需要：{names}。例如“记录 VERSION 的 accuracy 0.78（0.74 到 0.82），400 个样本，数据集 faq”。",
    ),
    "security_parts": (
        "missing",
        "The record lacks: {names}. For example “record scan clean of VERSION from modelscan, 0 critical, 0 high”.",
        "记录还需要：{names}。例如“记录 VERSION 的扫描 clean，来自 modelscan，0 个严重，0 个高危”。",
    ),
    "name_receiver": ("missing", "To whom? Say “… to NAME for 8 hours”.", "委托给谁？请说“……给 NAME 8 小时”。"),
    "name_hours": ("missing", "For how long? Say “… for 8 hours”.", "委托多久？请说例如“8 小时”。"),
    "name_delegation": (
        "missing",
        "Which delegation? Say its id, such as dl-1f2e3d4c5b6a.",
        "哪一个委托？请说出编号，如 dl-1f2e3d4c5b6a。",
    ),
    "name_key": (
        "missing",
        "Which key? Say its id, the eight characters behind chk_.",
        "哪一个密钥？请说出编号，即 chk_ 之后的八个字符。",
    ),
    "key_once": (
        "missing",
        ("A key is shown once and never kept, and a conversation is kept, so nothing was made. Which principal and"
        " scopes? Make it on the command line: `chargehand tools call api_key_issue"
        " '{{\"principal\": \"bob\", \"scopes\": [\"chat:use\", \"approvals:read\"]}}'`."),
        ("密钥只显示一次、从不保存，而对话会保存，所以没有创建。哪个主体、哪些权限？请在命令行创建："
        "`chargehand tools call api_key_issue '{{\"principal\": \"bob\", \"scopes\": [\"chat:use\","
        " \"approvals:read\"]}}'`。"),
    ),
    "policy_text": (
        "missing",
        "What shall the policy say? Put its YAML behind the order, between ``` marks.",
        "策略的内容是什么？请把 YAML 放在指令之后，用 ``` 括起来。",
    ),
    "unknown": ("unknown", "There is no {kind} “{name}”.{nearest}", "没有名为“{name}”的{kind}。{nearest}"),
    "two_of": ("contradictory", (
        "Only one {kind} at a"
        " time: {names}. Which?"
    ), "一次只能有一个{kind}：{names}。是哪一个？"),
    "percentages": ("contradictory", "{why} Which percentages?", "{why}要多少百分比？"),
    "retired": ("contradictory", "{version} is retired. Which other version?", "{version} 已退役。换哪个版本？"),
    "times": (
        "contradictory",
        "The shortest time of a step, {hold} s, is longer than the longest, {limit} s. Which times?",
        "每步的最短时间 {hold} 秒比最长时间 {limit} 秒还长。应该是多少？",
    ),
    "same": ("contradictory", (
        "{alias} names {version}"
        " already. Which other version?"
    ), "{alias} 已经指向 {version}。换哪个版本？"),
    "quota": (
        "contradictory",
        "There is no such quota. There are: {names}. Which?",
        "没有这样的配额。现有：{names}。是哪一个？",
    ),
    "mood": (
        "mood",
        "That does not read as an order, so nothing was done. To have it done, say: “{order}”",
        "这不像是一条指令，所以什么都没有做。要执行请说：“{order}”",
    ),
    "unclear": (
        "unclear",
        ("I do not understand “{words}” in this, so nothing was done. What I understood: {order}. Shall I do that?"
        " Then say it without those words."),
        "我不理解其中的“{words}”，所以什么都没有做。我理解的是：{order}。要这样做的话，请去掉这些词再说一遍。",
    ),
    "confirm": (
        "unclear",
        "I understood: {order}. Shall I do that? Answer “yes” or “no”.",
        "我的理解是：{order}。要执行吗？请回答“是”或“否”。",
    ),
}  # fmt: skip
_KINDS = {
    "version": "版本", "target": "目标", "rollout": "发布", "approval": "审批", "tenant": "租户", "model": "模型",
    "strategy": "策略", "stage": "阶段", "alias": "别名", "operation": "操作",
    "digest": "摘要",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A question back, and why it is asked."""

    kind: Kind
    text: str


def ask(question: str, language: str, /, *, names: Sequence[str] = (), **values: object) -> Question:
    """The question of this name, in "en" or "zh".

    Args:
        names: what can be chosen from; "none" where it is empty.
        values: the other places; `kind` is an English word such as "version".
    """
    kind, english, chinese = _QUESTIONS[question]
    zh = language == "zh"
    listed = ("、" if zh else ", ").join(names) or ("无" if zh else "none")
    if zh and "kind" in values:
        values["kind"] = _KINDS[str(values["kind"])]
    return Question(kind, (chinese if zh else english).format(names=listed, **values))
