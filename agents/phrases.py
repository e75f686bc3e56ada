"""The assistant's own fixed sentences, in English and Chinese."""

__all__ = ["phrase"]

_PHRASES: dict[str, dict[str, str]] = {
    "not_found": {
        "en": "This is not in the documents.",
        "zh": "文档中没有这方面的内容。",
    },
    "nearest": {
        "en": "The nearest that they have: {places}.",
        "zh": "最接近的内容：{places}。",
    },
    "no_documents": {
        "en": "No documents have been ingested yet. Run `chargehand ingest PATH` and ask again.",
        "zh": "还没有导入任何文档。请先运行 `chargehand ingest PATH`，然后再问。",
    },
    "quoted": {
        "en": "From the documents:",
        "zh": "文档中写道：",
    },
    "quoted_near": {
        "en": "The documents do not plainly answer this. The nearest that they say:",
        "zh": "文档没有直接回答这个问题，最接近的内容是：",
    },
    "steps_beside": {
        "en": "Other procedures in the same document: {places}.",
        "zh": "同一文档中的其他步骤：{places}。",
    },
    "model_failed": {
        "en": "The model stopped half-way ({why}); the answer below is quoted from the documents instead.",
        "zh": "模型中途停止了（{why}）；下面的回答改为直接引用文档。",
    },
    "draft_cut": {
        "en": "The model stopped half-way ({why}); what it had written until then and the documents carry is kept.",
        "zh": "模型中途停止了（{why}）；保留了此前写出且有文档依据的内容。",
    },
    "dropped": {
        "en": "Sentences of the model's draft left out because the documents do not carry them: {count}.",
        "zh": "模型草稿中有 {count} 句没有文档依据，已删去。",
    },
    "decline": {
        "en": (
            "That is outside what I do. I answer questions about the company's documents, and about evaluating,"
            " deploying and governing the factory's small language models. Ask “what can you do?” for examples."
        ),
        "zh": (
            "这不在我的职责范围内。我回答公司文档方面的问题，以及小语言模型的评测、部署和治理问题。"
            "问“你能做什么？”可以看到例子。"
        ),
    },
    "clarify": {
        "en": "I am not sure what you mean. Is it about {first} or {second}? Please say it in other words.",
        "zh": "我不确定您的意思。您是想问{first}，还是{second}？请换个说法。",
    },
    "evaluation": {"en": "evaluating models", "zh": "模型评测"},
    "deployment": {"en": "what runs where", "zh": "模型部署"},
    "governance": {"en": "licences and approvals", "zh": "许可证与审批"},
    "knowledge": {"en": "what the company's documents say", "zh": "公司文档的内容"},
    "help": {"en": "how to use me", "zh": "怎样使用我"},
    "out_of_scope": {"en": "something else altogether", "zh": "别的事情"},
    "no_changes": {
        "en": "This release of the hub shows what is deployed but cannot change it; nothing was changed. This is the state.",
        "zh": "这个版本的枢纽只能查看、不能更改部署；没有做任何改动。以下是当前状态。",
    },
    "no_runs": {
        "en": "I cannot start an evaluation yet: this release of the hub lists those that have been done. Nothing was started.",
        "zh": "我还不能启动评测：这个版本的枢纽只能列出做过的评测。没有启动任何评测。",
    },
    "no_approvals": {
        "en": "This release keeps no approvals, gates, tenants or audit entries yet; it can look up a model's licence.",
        "zh": "这个版本没有审批、门禁、租户和审计记录；可以查模型的许可证。",
    },
    "nothing_pending": {
        "en": "Nothing of yours waits to be gone on with. What shall be done?",
        "zh": "您没有等待继续的操作。要做什么？",
    },
    "not_done": {"en": "Nothing was done.", "zh": "什么都没有做。"},
    "crew_failed": {
        "en": "The team could not deliberate ({why}); the findings of the tools follow as they are.",
        "zh": "团队未能讨论（{why}）；以下是工具的结果。",
    },
    "crew_dropped": {
        "en": "Sentences of the team's deliberation left out because the evidence does not carry them: {count}.",
        "zh": "团队讨论中有 {count} 句没有证据支持，已删去。",
    },
    "research_only": {"en": "No: research only.", "zh": "不可以：仅限研究。"},
    "no_commercial_use": {"en": "No: commercial use is not allowed.", "zh": "不可以：不允许商业使用。"},
    "no_redistribution": {"en": "No: the model may not be redistributed.", "zh": "不可以：不允许再分发模型。"},
    "licence_unsure": {
        "en": "Not known: the licence is not verified, so treat it as no until someone has read the terms.",
        "zh": "不确定：许可证未经核实，在有人读过条款之前按不可以处理。",
    },
    "api_only": {
        "en": "Yes, with conditions: through its maker's service only, since the model may not be redistributed.",
        "zh": "可以，但有条件：只能通过厂商的服务使用，不允许再分发模型。",
    },
    "may_ship": {
        "en": "Yes: commercial use and redistribution are allowed; {keep}.",
        "zh": "可以：允许商业使用和再分发；{keep}。",
    },
    "may_ship_conditionally": {"en": "Yes, with conditions: {keep}{users}.", "zh": "可以，但有条件：{keep}{users}。"},
    "keep_attribution": {"en": "keep to the attribution below", "zh": "须遵守下列署名要求"},
    "keep_conditions": {
        "en": "keep to the attribution and the conditions below ({count})",
        "zh": "须遵守下列署名要求和条件（{count} 项）",
    },
    "user_threshold": {
        "en": "; above {users} monthly active users a licence must be asked for",
        "zh": "；月活跃用户超过 {users} 时须另行申请许可证",
    },
    "which_model": {"en": "Which model?", "zh": "您想查哪个模型？"},
    "whose_licence": {
        "en": "Which model's licence do you mean? For example qwen2.5-3b, phi-4-mini or llama-3.2-3b.",
        "zh": "您想查哪个模型的许可证？例如：qwen2.5-3b、phi-4-mini、llama-3.2-3b。",
    },
    "unknown_model": {"en": "The catalogue has no {names}.", "zh": "目录里没有 {names}。"},
    "nearest_models": {"en": "Did you mean {close}?", "zh": "您是指 {close} 吗？"},
    "name_the_model": {"en": "Which model do you mean?", "zh": "请给出模型的名称。"},
    "help_text": {
        "en": (
            "I run the factory of small language models with you. Ask, or order in plain words, in English or Chinese;"
            " what I do not understand to the last word I ask about, and do not do.\n\n"
            "- **Documents**: “How do I exchange the fan of the SE50?” I quote and cite the passage.\n"
            "- **Licences and evaluations**: “May we ship qwen2.5-3b in a product?” “Which evaluations have been done?”\n"
            "- **Roster**: “Which models can this hub serve now?” “Register a model called tickets.” “Move faq@2 to"
            " staging.” “Point challenger at faq@2.” “Show the lineage of faq@2.”\n"
            "- **Gates**: “Check the gate of faq@2 for product in EU.”\n"
            "- **Rollouts**: “Canary faq@2 on support at 10, 50 %.” “How is the rollout going?” “Pause the rollout on"
            " support.”\n"
            "- **Approvals**: “Which approvals are waiting?” “Approve ap-1f2e3d4c5b6a.”\n"
            "- **Governance**: “Which policies are active?” “Show the audit log.” “List the tenants.”\n\n"
            "Every figure comes from a document or a tool, never from a model. On the command line:"
            " `chargehand ingest PATH` adds documents, `chargehand tools` lists every operation, `chargehand doctor`"
            " shows what is configured.\n\n"
            "The model is {model}: {reason}"
        ),
        "zh": (
            "我和您一起管理小语言模型工厂。用中文或英文直接提问或下指令即可；有一个词没听懂，我就先问清楚，不会去做。\n\n"
            "- **文档**：“SE30 的工作温度范围是多少？”我会引用原文并注明出处。\n"
            "- **许可证与评测**：“qwen2.5-3b 能用在产品里吗？”“做过哪些评测？”\n"
            "- **名册**：“现在可以使用哪些模型？”“登记模型 tickets”“把 faq@2 转到 staging”“把 challenger 指向 faq@2”\n"
            "- **门禁**：“检查 faq@2 的门禁，产品，欧盟”\n"
            "- **发布**：“用 faq@2 对 support 做 10% 的金丝雀发布”“发布进展怎么样？”“暂停 support 的发布”\n"
            "- **审批**：“有哪些待审批？”“批准 ap-1f2e3d4c5b6a”\n"
            "- **治理**：“有哪些安全策略？”“查看审计日志”“列出租户”\n\n"
            "所有数字都来自文档或工具，绝不来自模型。命令行：`chargehand ingest PATH` 导入文档，"
            "`chargehand tools` 列出所有操作，`chargehand doctor` 查看配置。\n\n"
            "当前模型是 {model}：{reason}"
        ),
    },
}


def phrase(name: str, language: str, **values: object) -> str:
    """The sentence of this name in "en" or "zh", with its places filled.

    Raises:
        KeyError: no such sentence or language, or a place is not given.
    """
    return _PHRASES[name][language].format(**values)
