"""What the assistant remembers of a person: kept, shown and forgotten at that person's word, and at nobody else's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.language import Language
from edge.kernel.text_analysis import terms_of
from memory.memories import MOST_MEMORIES, Memories, Memory, MemoryKind
from tools.calling.markdown import listing
from tools.spec import ToolContext, ToolSpec, View, tool

PersonalMemories = Callable[[str, str], Memories]
"""The memories of a tenant's principal."""

_MOST_NAMED = 8


class MemoryView(View):
    """One thing that the caller told; `thread` and `message` say where, and are empty where it was no conversation."""

    id: str
    kind: MemoryKind
    text: str
    at: AwareDatetime
    thread: str
    message: str


class MemoryList(BaseModel):
    """All that is remembered of the caller, the oldest first."""

    memories: list[MemoryView]


class Remembered(BaseModel):
    """What is remembered from now on."""

    remembered: list[MemoryView]


class Forgotten(BaseModel):
    """What was remembered, and is no more."""

    forgotten: list[MemoryView]


def memory_tools(memories_of: PersonalMemories) -> list[ToolSpec]:
    """The operations; each works on the memories of its caller alone."""

    def own(context: ToolContext) -> Memories:
        return memories_of(context.tenant, context.principal)

    def memory_remember(
        context: ToolContext, fact: Annotated[str, Field(min_length=1, max_length=500, description="one sentence")]
    ) -> Remembered:
        """Remember a fact that the caller tells about themselves or their work, for all of their conversations."""
        return _keep(own(context), [_told(context, "fact", fact)])

    def memory_prefer(
        context: ToolContext,
        name: Annotated[str | None, Field(max_length=60, description="what to call the caller")] = None,
        language: Annotated[Language | None, Field(description="to answer in, whatever a message is in")] = None,
        device: Annotated[str | None, Field(max_length=200, description="the caller's own device or gateway")] = None,
    ) -> Remembered:
        """Remember how the caller wants to be called or answered, or which device is theirs, instead of before."""
        told: tuple[tuple[MemoryKind, str | None], ...] = (("name", name), ("language", language), ("device", device))
        memories = [_told(context, kind, value) for kind, value in told if value]
        if not memories:
            raise InvalidInput("Nothing is to be remembered.", "Give a name, a language or a device.")
        return _keep(own(context), memories)

    def memory_list(context: ToolContext) -> MemoryList:
        """Show all that is remembered of the caller, and when and in which conversation it was told."""
        return MemoryList(memories=_shown(own(context).all()))

    def memory_forget(
        context: ToolContext,
        memory: Annotated[str, Field(min_length=1, max_length=500, description="words of it, its kind or its id")],
    ) -> Forgotten:
        """Forget one thing that is remembered of the caller."""
        memories = own(context)
        forgotten = _meant(memories.all(), memory)
        memories.forget(forgotten)
        return Forgotten(forgotten=_shown([forgotten]))

    def memory_forget_all(context: ToolContext) -> Forgotten:
        """Forget all that is remembered of the caller."""
        memories = own(context)
        forgotten = memories.all()
        for one in forgotten:
            memories.forget(one)
        return Forgotten(forgotten=_shown(forgotten))

    # No result is kept beside the store, so that what is forgotten is gone.
    return [
        tool(memory_remember, scopes={"chat:use"}, effect="write", idempotent=True, shown_once=True, personal=True),
        tool(memory_prefer, scopes={"chat:use"}, effect="write", idempotent=True, shown_once=True, personal=True),
        tool(memory_list, scopes={"chat:use"}),
        tool(memory_forget, scopes={"chat:use"}, effect="destructive", shown_once=True, personal=True),
        tool(
            memory_forget_all,
            scopes={"chat:use"},
            effect="destructive",
            idempotent=True,
            shown_once=True,
            personal=True,
        ),
    ]


def _told(context: ToolContext, kind: MemoryKind, text: str) -> Memory:
    where = context.said_in
    words = " ".join(text.split())
    if not words:
        raise InvalidInput("Nothing is to be remembered.", "Say what.")
    return Memory(kind, words, context.now, where.thread if where else "", where.message if where else "")


def _keep(memories: Memories, told: Sequence[Memory]) -> Remembered:
    ids = {one.id for one in memories.all()}
    if len(ids | {one.id for one in told}) > MOST_MEMORIES:
        raise InvalidInput(f"More than {MOST_MEMORIES} things cannot be remembered.", "Have something forgotten first.")
    for one in told:
        memories.keep(one)
    return Remembered(remembered=_shown(told))


def _meant(kept: Sequence[Memory], words: str) -> Memory:
    """The one that a person means: by its id, its kind or its text, else the only one that has all of the words."""
    said = " ".join(words.casefold().split())
    exact = [one for one in kept if said in {one.id, one.kind, one.text.casefold()}]
    terms = set(terms_of(words))
    found = exact or [one for one in kept if terms and terms <= {*terms_of(one.text), one.kind}]
    if not found:
        raise NotFound(f"Nothing is remembered that says “{words}”.", "Ask what is remembered about you.")
    if len(found) > 1:
        named = "; ".join(f"“{one.text}” ({one.id})" for one in found[:_MOST_NAMED])
        raise InvalidInput(f"“{words}” may be any of several: {named}.", "Say more of it, or its id.")
    return found[0]


def _shown(memories: Sequence[Memory]) -> list[MemoryView]:
    return [MemoryView.of(one) for one in memories]


_KINDS: Mapping[MemoryKind, tuple[str, str]] = {
    "name": ("your name", "您的称呼"),
    "language": ("language of the answers", "回答的语言"),
    "device": ("your device", "您的设备"),
    "fact": ("fact", "事实"),
}


def _table(memories: Sequence[MemoryView], chinese: bool) -> str:
    return listing(
        chinese,
        memories,
        ("What", "内容", lambda one: one.text),
        ("Kind", "类别", lambda one: _KINDS[one.kind][chinese]),
        ("Told", "时间", lambda one: f"{one.at:%Y-%m-%d %H:%M} UTC"),
        ("Conversation", "对话", lambda one: one.thread),
        ("Id", "编号", lambda one: one.id),
    )


def _list(found: MemoryList, chinese: bool) -> str:
    if not found.memories:
        return "关于您，什么都没有记住。" if chinese else "Nothing is remembered about you."
    return f"{'关于您记住了：' if chinese else 'Remembered about you:'}\n\n{_table(found.memories, chinese)}"


def _remembered(found: Remembered, chinese: bool) -> str:
    said = [f"{_KINDS[one.kind][chinese]}: {one.text}" for one in found.remembered]
    head, tail = ("已记住", "说“忘记它”即可删除。") if chinese else ("Remembered", "Say “forget …” to have it deleted.")
    return f"**{head}**: {'; '.join(said)}. {tail}"


def _forgotten(found: Forgotten, chinese: bool) -> str:
    if not found.forgotten:
        return _list(MemoryList(memories=[]), chinese)
    head = "已删除，不再记得：" if chinese else "Deleted for good:"
    return f"{head}\n\n{_table(found.forgotten, chinese)}"


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    MemoryList: _list,
    Remembered: _remembered,
    Forgotten: _forgotten,
}
