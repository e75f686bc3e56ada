"""The assistant's own fixed sentences, in English and Chinese."""

_COLUMNS = {"en": 0, "zh": 1}
_PHRASES: dict[str, tuple[str, str]] = {
    "not_found": ("This is not in the documents.", "文档中没有这方面的内容。"),
    "nearest": ("The nearest that they have: {places}.", "最接近的内容：{places}。"),
    "no_documents": (
        "No documents have been ingested yet. Run `chargehand ingest PATH` and ask again.",
        "还没有导入任何文档。请先运行 `chargehand ingest PATH`，然后再问。",
    ),
    "quoted": ("From the documents:", "文档中写道："),
    "quoted_near": (
        "I am not sure that this answers it; it is the nearest that the documents say:",
        "不确定下面的内容是否回答了这个问题，它是文档中最接近的：",
    ),
    "quoted_section": (
        "I do not summarise without a capable model; this is what the documents say on it:",
        "没有足够强的模型时我不做总结；文档中的相关内容如下：",
    ),
    "quoted_sides": ("What the documents say of each:", "文档分别写道："),
    "mentions": ("These documents mention it:", "以下文档提到了它："),
    "documents": ("There are {count} documents:", "共有 {count} 份文档："),
    "documents_more": ("and {count} more.", "另外还有 {count} 份。"),
    "foreign": (
        "This looks like {other}. I understand English and Chinese only.",
        "这看起来是{other}。我只懂中文和英文。",
    ),
    "steps_beside": ("Other procedures in the same document: {places}.", "同一文档中的其他步骤：{places}。"),
    "model_failed": (
        "The model stopped half-way ({why}); the answer below is quoted from the documents instead.",
        "模型中途停止了（{why}）；下面的回答改为直接引用文档。",
    ),
    "draft_cut": (
        "The model stopped half-way ({why}); what it had written until then and the documents carry is kept.",
        "模型中途停止了（{why}）；保留了此前写出且有文档依据的内容。",
    ),
    "dropped": (
        "Sentences of the model's draft left out because the documents do not carry them: {count}.",
        "模型草稿中有 {count} 句没有文档依据，已删去。",
    ),
    "decline": (
        (
            "That is outside what I do. I answer questions about the company's documents, and about evaluating,"
            " deploying and governing the factory's small language models. Ask “what can you do?” for examples."
        ),
        (
            "这不在我的职责范围内。我回答公司文档方面的问题，以及小语言模型的评测、部署和治理问题。"
            "问“你能做什么？”可以看到例子。"
        ),
    ),
    "evaluation": ("evaluating models", "模型评测"),
    "deployment": ("what runs where", "模型部署"),
    "governance": ("licences and approvals", "许可证与审批"),
    "knowledge": ("what the company's documents say", "公司文档的内容"),
    "help": ("how to use me", "怎样使用我"),
    "out_of_scope": ("something else altogether", "别的事情"),
    "nothing_pending": (
        "Nothing of yours waits to be gone on with. What shall be done?",
        "您没有等待继续的操作。要做什么？",
    ),
    "left_in_order": (
        "Not begun, since what stands before it is not done: {orders}.",
        "由于前面的操作尚未完成，没有开始：{orders}。",
    ),
    "not_done": ("Nothing was done.", "什么都没有做。"),
    "crew_failed": (
        "The team could not deliberate ({why}); the findings of the tools follow as they are.",
        "团队未能讨论（{why}）；以下是工具的结果。",
    ),
    "crew_dropped": (
        "Sentences of the team's deliberation left out because the evidence does not carry them: {count}.",
        "团队讨论中有 {count} 句没有证据支持，已删去。",
    ),
    "help_text": (
        (
            "I run the factory of small language models with you. Ask, or order in plain words, in English or Chinese;"
            " what I do not understand to the last word I ask about, and do not do.\n\n"
            "- **Documents**: “How do I exchange the fan of the SE50?” I quote and cite the passage."
            "\n"
            "- **Licences**: “May we ship qwen2.5-3b in a product?”\n"
            "- **Roster**: “Which models can this hub serve now?”\n"
            "- **Evaluations**: “Which evaluations have been done?”\n"
            "- **Versions**: “register version helper@v2 served by local:NAME from base NAME”, “record accuracy 0.78 on 400"
            " samples of dataset NAME for helper@v2”, “check the gate of helper@v2”, “promote helper@v2 to champion”\n"
            "- **Rollouts**: “recreate new target support with helper@v1”, “canary helper@v2 on support at 10, 50 %”, “how"
            " is the rollout on support?”, “pause support”, “roll back support”\n"
            "- **Factories and pipelines**: “use the factory NAME to deploy v3 on support”, “create pipeline NAME: staging with"
            " gate, then production with gate and approval”, “take helper@v2 through pipeline NAME”\n"
            "- **Approvals and the books**: “which approvals are waiting?”, “approve ap-…”, “delegate approvals to bob for 8"
            " hours”, “verify the audit chain”, “limit acme to 600 requests per minute”\n"
            "- **Devices**: “list the devices”, “which devices are late?”, “what did press-1 record?”, “ask press-1 why it is"
            " hot”, “what did press-1 answer?”, “move press-1 to new group hall-3”\n\n"
            "Every figure comes from a document or a tool, never from a model. On the command line:"
            " `chargehand ingest PATH` adds documents, `chargehand tools` lists every operation, `chargehand doctor`"
            " shows what is configured.\n\n"
            "The model is {model}: {reason}"
        ),
        (
            "我和您一起管理小语言模型工厂。用中文或英文直接提问或下指令即可；有一个词没听懂，我就先问清楚，不会去做。\n\n"
            "- **文档**：“SE30 的工作温度范围是多少？”我会引用原文并注明出处。\n"
            "- **许可证**：“qwen2.5-3b 能用在产品里吗？”\n"
            "- **名册**：“现在可以使用哪些模型？”\n"
            "- **评测**：“做过哪些评测？”\n"
            "- **版本**：“记录 helper@v2 的 accuracy 0.78，400 个样本，数据集 faq”、“检查 helper@v2 的门禁”、"
            "“让 helper@v2 成为 champion”\n"
            "- **发布**：“用 recreate 方式把 helper@v1 发布到 support”、“把 helper@v2 灰度到 support，先 10%，再 50%”、"
            "“support 的发布进度怎么样了？”、“暂停 support 的发布”、“回滚 support”\n"
            "- **工厂和流水线**：“创建流水线 weekly：staging 过门禁，然后 production 过门禁并审批”\n"
            "- **审批和审计**：“有哪些待审批？”、“批准 ap-…”、“把审批委托给 bob 8 小时”、“校验审计链”\n"
            "- **设备**：“列出设备”、“哪些设备离线？”、“press-1 最近有什么告警？”、“问 press-1 为什么发热”、"
            "“press-1 回答了什么？”\n\n"
            "所有数字都来自文档或工具，绝不来自模型。命令行：`chargehand ingest PATH` 导入文档，"
            "`chargehand tools` 列出所有操作，`chargehand doctor` 查看配置。\n\n"
            "当前模型是 {model}：{reason}"
        ),
    ),
}


def phrase(name: str, language: str, **values: object) -> str:
    """The sentence of this name in "en" or "zh", with its places filled.

    Raises:
        KeyError: no such sentence or language, or a place is not given.
    """
    return _PHRASES[name][_COLUMNS[language]].format(**values)
