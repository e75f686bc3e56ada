"""The clauses of a Chinese sentence and what each does, by rules: an order needs a form that only "
"orders have.
"""

import re
from collections.abc import Iterator

from agents.understanding.english_moods import Piece
from agents.understanding.interpretation import Mood
from agents.understanding.masking import FILL

_VERB = (
    r"(?:中止|终止|停止|停掉|停下|停用|停了|停|暂停|恢复|继续|推进|发布|上线|下线|回滚|回退|撤回到"
    r"|撤回|撤下|撤销|撤掉|退回|批准|通过|同意|驳回|拒绝|否决|提升|升级|升到|升|晋升|降级|降到|降低|降"
    r"|退役|淘汰|注册|登记|创建|新建|建|生成|添加|新增|增加|增大|加到|加|减少|减|删除|删掉|删|移除"
    r"|去掉|清除|清空|吊销|收回|取消|评测|评估|测试|测一下|跑|运行|执行|启动|开启|打开|开始|开|关闭"
    r"|关掉|关|重启|重新|重试|重跑|重置"
    r"|切换|切到|切|换成|换掉|换|改成|改为|改|设置|设为|设成|设|配置|调整|调到|调高|调低|调|更新"
    r"|更换|轮换|分配|指派|指定|指向|授权|授予|邀请|隔离|推送|推到|推|导出|导入|导|上传|下载|安装"
    r"|卸载|同步|部署|训练|量化|合并|转换|蒸馏"
    r"|绑定|解绑|锁定|解锁|冻结|解冻|禁用|启用|允许|禁止|限制|标记|记录|提交|签署|签发|签|归档|复制"
    r"|发送|发|通知|回复|回答|答复|问|询问|告诉|让|叫|请求|迁移|迁到|迁|扩大|缩小|放大|放到|放量|放"
    r"|投|安排|休息|拉起|拉回|拉|做|用|给|把|将|对|为|挂|接管|接入|加入|移到|移|搬|清理|修复|修改"
    r"|重命名|命名|灰度|加量|全量|赋予|扔掉|干掉|撤|滚回|打回|收尾|激活|落实|确认|申请|唤醒|录入|录"
    r"|记|写入|补录|补|存档|入库|定义|走|接着|装上|装|加载|作废\W*$|挪到|挪|再试|试用|试|结束|批了"
    r"|批|否了|否|准了|签|拿|采样|采|废掉|撤|算作|打标|转到|转|放行|搁置|延后|推广|绑|赶|报废|交给|清掉|踢|拉)"
)
_LEAD = re.compile(
    r"(?:[\s\W_]*(?:请你|请您|请|麻烦你|麻烦您|麻烦|劳驾|拜托|烦请|帮忙|帮个忙|帮我们|帮我|帮|你去"
    r"|您去|那就|那么|那|好的|好吧|好|行|可以了|嗯|啊|对了|对|现在就|现在|立刻|立即|马上|赶紧|赶快"
    r"|尽快|快|先|再|然后|接着|之后再|并且|并|同时|也|还是(?!不|别|算|要不|有)|还|最后|首先|其次|所以|因此|于是|直接|就|给我"
    r"|替我|另外|顺便|早上好|你好|您好|嗨|谢谢|可以|只|一下|务必|必须|但|但是|不过|而且|ok|okay|hi"
    r"|please|改成(?=暂停|中止|回滚)))*[\s\W_]*"
)
_RETRACT = re.compile(
    r"[\s\W_]*(?:啊|哦|呃|嗯|哎|但|不过|那|还是|先|唉|抱歉|对不起|哎呀|等等|等下"
    r"|好吧)*[\s\W_]*(?:算了|先(?:别|不要|不)(?:动|急|了)?\W*$|先(?:放着|不动|留着|放一放)|(?:啊"
    r"|哦)?不对|不不|不是[，,啊]|(?:啊|哦|呃)不|等等|等一下|等一等|稍等|等会儿?\W*$|慢着|且慢"
    r"|当我没说|(?:跟你)?开(?:个)?玩笑|取消刚才|撤回(?:刚才的?(?:话|请求|指令|命令|消息)|上一?条"
    r"|我(?:刚才)?说)|收回(?:刚才|前面)|我收回(?:刚才|这|那|前面"
    r"|之前)?(?:我)?(?:说)?(?:的)?(?:话)?\W*$|刚才(?:那句|说的|的话|那个)"
    r"|忘了(?:它|吧|这|刚)|忘掉|忽略(?:我|上|刚|它|这|前)|请忽略|发错|说错|打错|搞错|弄错|打住"
    r"|刚才.{0,3}错|我改(?:变)?主意|我反悔|不用了|别了|别\W*$|还是别|还是不|还是算|别动了|别停了"
    r"|留着\W*$|作废|不要了\W*$|取消吧?\W*$|停\W*$|住手|保持原样|保留(?:它|吧)|没事了)"
)
_NEGATED = re.compile(
    r"(?:^|[^特区分类级性])(?:别(?!名|的|处)|千万别|不要|不用|不必|不得|不准|不许|不该|不应|不能"
    r"|不可以|没必要|不建议|不想|不打算|不需要|无需|毋须|勿|禁止(?=中止|发布|回滚)|暂不|先不|从不"
    r"|绝不|没人(?:应|该)|没有(?:人|必要|理由)|任何人都不|谁都不|谁也不|都不要|也不要|也别|都别"
    r"|没让|没说|没有让|没叫|拒绝发布|反对)"
)
_NEGATED_FRONT = re.compile(r"(?:什么|谁|哪个)(?:都|也)(?:不|别)")
_REPORTED = re.compile(
    r"(?:[老小]?[\w\u4e00-\u9fff]{1,6}|他们?|她们?|有人|客户|老板|同事|领导|法务|运维|大家"
    r"|用户)\s*(?:一直|都|刚|刚才|昨天)?(?:说(?!一下|明)|要求|建议|让(?=我)|叫(?=我)|希望|想(?=把"
    r"|要|让|中|回)|认为|觉得|告诉我|提议|主张|写道|写着|打算|决定|计划|吩咐|命令|通知我)|^(?:听说"
    r"|据说|传闻|好像|似乎|据称)|(?:手册|邮件|文档|消息|日志|运行手册|工单)(?:上|里|中)?(?:说|写|要求|提到)"
)
_SUPPOSED = re.compile(
    r"我(?:也)?(?:觉得|认为|想(?:要不|是不是|着|到)|在想|在考虑|在犹豫|怀疑|希望|猜|怕|担心|估计"
    r"|正准备|本来|会(?=暂|中|回|升|批|把)|不)|也许|或许|可能|大概|应该|希望|但愿|最好|就好了"
    r"|要是我|如果(?:我|我们)是|(?:换作|换成|若)我是|该(?=暂|中|回|升|批|停|退)|学过|随便|无所谓"
    r"|会(?=[把将])|当时|本该|原本|早该|要是能|如果能|还在考虑|考虑|不如|是.{0,10}(?:主意|建议|决定"
    r"|想法|做法)|让我(?!看|们?知)|是(?:个)?(?:错误|错的|好主意)|本来|打算|原计划|多好|真好|不错|才对|好主意"
)
_DELIBERATES = re.compile(
    r"要不要|该不该|应不应该|应该.*[吗么?？]|是不是(?:该|应该|要|得)"
    r"|是否(?:该|应该|要|需要)|会不会太|好主意|值不值得|值得吗|需不需要|有必要|合适吗|要么还是|何不"
    r"|不如|要.{1,12}吗|为什么不"
)
_PAST = re.compile(
    r"已经?|从来|(?:以)?后就出|出过|刚刚?(?:把|中|暂|回|批|提|发)|昨[天晚]|上(?:周|个?月|次|一次)"
    r"|前天|之前|去年|曾经|正在|在进行|过了$|被(?!我)"
)
_ASKS = re.compile(
    r"[吗呢么]\s*\W*$|什么(?!都|也)|哪[个些里儿台一]?|谁(?!都|也)|怎么|怎样|如何|为什么|为何|多少"
    r"|(?<!过)(?<!好)(?<!这)(?<!那)几[个台次步条点]?(?=[^周]|$)|有没有|是不是|是否|能否|可否|会不会"
    r"|能不能|可不可以|了没|没有\s*\W*$|多[久大快高]|何时|吧[？?]"
)
_POLITE = re.compile(
    rf"(?:你|您)?(?:能不能|可不可以|能否|可否|是否可以|能|可以|方便)(?:请|麻烦)?(?:你|您)?(?:现在"
    rf"|先|马上|立刻)?(?:帮|替|给我|麻烦|请)|(?:你|您)(?:能不能|可不可以|能|可以"
    rf"|能否)(?=.*(?:{_VERB}))|能麻烦|可以麻烦"
)
_LOOK = re.compile(
    r"(?:看看|看一下|看下|查看|查一?[下查]|查询|查|列出|列一下|列|显示|展示|告诉我|给我看|给我(?:列"
    r"|说|讲|介绍)|说说|说明|介绍|解释|比较|对比|总结|概述|搜索|搜|找一?下|找出|打印|检查|统计|状态"
    r"|进度|进展|我?想(?:看|知道|了解|查|问)|想知道|让我看|请问|问一下(?=谁|什么|为什么|怎么)"
    r"|有什么|有哪些|请教|报告一下|汇报)"
)
_CONDITION = re.compile(
    r"如果|假如|假设|要是|倘若|若是|一旦|除非|只要|只有.*才|万一|(?:要|得|需要?|必须)等"
    r"|一[\u4e00-\u9fff]{1,6}?就|待\s*\S+\s*\S*(?:批准|同意|确认|完成|通过|结束|审核)|好了就|了.{0,4}就"
    r"|必要时|需要时|如有|若有|有空|之前先|每次|前提|点头|等.{1,10}了再|等(?!等|一下|一等|级|待审"
    r"|下\W)(?=.*(?:后|再|就|时候|完|了))|的话|(?:到|达到|超过|高于|低于|失败|成功|完成|通过|结束"
    r"|绿了?|出错|上线).{0,8}(?:时候?|后|再|之后|以后)(?=[\s，,把就请\w])|直到|当.{1,20}时"
    r"|(?<!之)后再|的时候|才(?=能|可以|发|批|提|升)|否则|若(?!干)"
)
_LATER = re.compile(
    r"明[天早晚]|后天|今晚|今天(?:晚|下|稍)|下周|下个?月|下次|晚上|(?:这|本)?周[一二三四五六日天末]"
    r"|星期[一二三四五六日天]|凌晨|节后|假期后|会后|年后|到时候|过几天|下班前|每次|稍后|晚点|晚些"
    r"|待会|过(?:一?会|几?[一二两三\d]个?(?:小时|分钟|天)|一?个小时)"
    r"|[一二两三四五十半\d]+个?(?:小时|分钟|天|周)(?:之|以)?后|午饭|饭后|下班|月底|年底|周末"
    r"|(?:上午|下午|早上|中午|凌晨|傍晚)?[一二两三四五六七八九十\d]{1,3}点|\d{1,2}[:：]\d\d|午夜"
    r"|中午|之后再|以后再|改天|回头"
)
_EVERY = re.compile(r"每(?:天|晚|周|日|月|小时|隔|早|个|\d)")
_REASON = re.compile(r"(?:因为|由于|理由是?|原因是?|鉴于|为了).*", re.DOTALL)
_SPLIT = re.compile(
    r"[，,、]?\s*(?P<word>然后|接着|随后|并且|同时|再(?!次|见|试)|并(?!行|发|非)"
    r"|所以|因此|但是|不过|但|(?<![申邀提])请(?!问|求))|[，,](?!\d{3})\s*|(?<=\S)(?P<break>——|—|…+|\.{3,}| - )"
)
_ORDERED_BY_ME = re.compile(
    rf"(?:我要(?:你)?|我想(?:要|请你?|让你)?|我(?:们)?(?:现在)?(?:需要|得"
    rf"|必须)|我希望你|我(?=批准|同意|授权|拒绝|驳回|反对)|要你|该你|你(?:可以|应该|必须|得"
    rf"|要)?(?:现在)?(?:就)?|咱们|我们(?=.*吧\W*$))(?:马上|立刻|现在|赶紧|去|先)?(?=[^，,]*(?:{_VERB}))"
)
_PERSON_WANTS = re.compile(r"^(?:我想|我要|我希望)(?:看|知道|了解|查|问|听|找)")
_FIRST_VERB = re.compile(rf"{_VERB}")
_TOPIC = re.compile(
    rf"(?:(?:在|给|对|为|用|从|跟|针对|关于|每\S+?)?[\s\w@.%:{FILL}/\u4e00-\u9fff-]{{1,24}}?)(?:请"
    rf"|就|先|都|上|里|也|马上|立刻|直接|改|现在)*\s*(?P<verb>{_VERB})"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SUBJECT = re.compile(
    r"^(?:他们?|她们?|它|有人|客户|老板|同事|领导|法务|运维|大家|用户"
    r"|小[\u4e00-\u9fff](?![时\w]*型)|老[\u4e00-\u9fff]|谁|我们?(?!要|想|需|得|必)|这|那个|别人)"
)
_STATE_END = re.compile(r"(?:了|过|着|的|中|太[\u4e00-\u9fff]|很[\u4e00-\u9fff]+|多了)\W*$")


def chinese_clauses(text: str, start: int, end: int, asks: bool, after: Piece | None) -> Iterator[Piece]:
    """The clauses of text[start:end]; as `english_clauses`."""
    parts = list(_parts(text, start, end))
    sentence = text[start:end]
    opened, governed, denied = False, False, False
    last: Piece | None = None
    for at, stop, word in parts:
        part = text[at:stop]
        mood, certainty, governs = _mood(part, asks and stop == end, sentence)
        if mood == "order" and asks and stop != end and _ASKS.search(text[stop:end]):
            mood = "question"
        if mood == "order" and denied and word in {"然后", "接着", "随后", "并且", "同时", "再", "并"}:
            mood = "talk"
        denied = mood == "talk" and _NEGATED.search(part) is not None
        if word in {"所以", "因此", "请", "但", "但是", "不过"}:
            governed = False
        if mood == "order" and opened:
            mood, certainty = "conditional", 1.0
        elif (mood == "order" and governed and not re.match(r"\W*请", part)) or (
            mood == "order" and asks and stop != end and _DELIBERATES.search(text[stop:end])
        ):
            mood = "talk"
        if mood in {"order", "conditional"} and (
            _CONDITION.search(part) or (mood == "conditional" and _LATER.match(part.strip()))
        ):
            opened = True
        if mood == "talk" and (_CONDITION.search(part) or _LATER.match(part.strip())) and not _SUPPOSED.search(part):
            opened = True
        governed = governed or (mood == "talk" and governs)
        if mood == "retraction":
            governed = opened = False
        last = Piece(at, stop, mood, certainty, governs)
        yield last


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The parts between commas and joining words; reasons and what opens an order stay with it."""
    at, word = start, ""
    for match in _SPLIT.finditer(text, start, end):
        before, rest = text[at : match.start()], text[match.end() : end]
        if not before.strip() or match.start() < at or not rest.strip():
            continue
        if (
            match["word"]
            and match["word"] in {"并", "再", "请", "同时", "但"}
            and not match[0].startswith(("，", ",", "、"))
            and not _FIRST_VERB.search(before)
        ):
            continue
        if match["word"] == "再" and re.search(r"(?:后|完了?|了|等.*|以)\s*[，,]?\s*$", before):
            continue
        if _stays(before, rest, match):
            continue
        yield at, match.start(), word
        word = match["word"] or ("—" if match["break"] else "，")
        at = match.start("word") if match["word"] in {"请", "再"} else match.end()
    if text[at:end].strip():
        yield at, end, word


def _stays(before: str, rest: str, match: re.Match[str]) -> bool:
    if _RETRACT.match(rest):
        return False
    if re.match(r"\W*(?:因为|由于|理由|原因|鉴于|为了)", rest):
        return True
    if re.match(r"\W*(?:因为|由于|鉴于)", before) and not match["word"]:
        return True
    if re.match(r"\W*(?:问|询问|告诉|让|叫)", before) and match["word"] not in {"然后", "接着", "请"}:
        return True
    return match[0].strip() == "、"


def _mood(part: str, asks: bool, sentence: str) -> tuple[Mood, float, bool]:  # noqa: C901, PLR0911, PLR0912 - a chain of rules
    """The mood of a part, how certain it is, and whether it governs what follows."""
    lead = _LEAD.match(part)
    body = part[lead.end() :].strip() if lead is not None else part.strip()
    asked_nicely = lead is not None and re.search(r"请|麻烦|劳驾|帮|拜托|务必", lead[0]) is not None
    if _RETRACT.match(part):
        return "retraction", 1.0, False
    bare = _REASON.sub("", part)
    if re.match(r"\W*(?:因为|由于|鉴于)", part):
        bare = part.split("，", 1)[-1] if "，" in part else ""
        body = bare.strip()
        body = body[_LEAD.match(body).end() :] if _LEAD.match(body) else body  # type: ignore[union-attr]
    if not bare.strip():
        return "talk", 0.8, False
    asks = asks or bool(re.search(r"[吗呢]\W*$", part))
    if re.match(r"\W*(?:问|询问)(?!题)", body) and not body.startswith("问一下谁"):
        return ("conditional" if _LATER.match(body) else "order"), 0.9, False
    if _DELIBERATES.search(bare) and (asks or re.search(r"要不要|该不该|应不应该|是不是该", bare)):
        return "talk", 1.0, True
    polite = _POLITE.search(bare) or (asked_nicely and asks)
    if re.match(r"别管|不管|甭管", body):
        return "talk", 1.0, False
    if (_NEGATED.search(bare) and not re.search(r"能不能|可不可以", bare)) or _NEGATED_FRONT.search(bare):
        return "talk", 1.0, _REPORTED.search(bare) is not None
    if _PERSON_WANTS.match(part.strip()) or _LOOK.match(body):
        return "question", 1.0, False
    if asks and re.search(r"吗.*(?:会|怎么|多久|什么|丢)", sentence) and not asked_nicely:
        return "question", 0.8, True
    if polite and not _REPORTED.search(bare):
        rest = _POLITE.sub("", bare)
        if re.match(r".{0,6}(?:看|查|列|显示|告诉|找|说)", _LEAD.sub("", rest, count=1)):
            return "question", 1.0, False
        return ("conditional" if _is_later(bare) else "order"), 0.9, False
    if asks or _ASKS.search(bare):
        return "question", 0.9, True
    if (
        re.match(r"让\s*\S+\s*(?:去|来)", body)
        or re.match(
            r"(?:刚|刚刚"
            r"|从来)",
            body,
        )
        or re.match(r"走吧|来吧", body)
    ):
        return "talk", 0.9, True
    me = _ORDERED_BY_ME.match(body) or _ORDERED_BY_ME.match(part.strip())
    if (
        not asked_nicely
        and me is None
        and (_REPORTED.search(bare) or re.match(r"\W*\S{1,12}?\s*(?:让我|叫我|要我)", bare))
    ):
        return "talk", 1.0, True
    if (
        _SUPPOSED.search(bare)
        and not asked_nicely
        and not (
            me is not None
            and not re.search(
                r"可能"
                r"|也许|考虑|觉得|随便|本来|打算|计划|会把|就好",
                bare,
            )
        )
    ):
        return "talk", 0.9, True
    return _form(part, body, bare, asked_nicely or me is not None)


def _behind_condition(body: str) -> tuple[Mood, float, bool] | None:
    """Of "if ..., then do it" without a comma."""
    if _CONDITION.search(body) is None:
        return None
    return (
        ("conditional", 0.9, True)
        if re.search(
            rf"(?:就|再|才|时|的话|后|则|请"
            rf"|把)\s*\S*?{_VERB}",
            body,
        )
        else None
    )


def _is_later(bare: str) -> bool:
    if _CONDITION.search(bare):
        return True
    return bool(_LATER.search(bare)) and not _EVERY.search(bare) and not re.search(r"昨晚|昨天", bare)


def _form(part: str, body: str, bare: str, requested: bool) -> tuple[Mood, float, bool]:  # noqa: C901, PLR0911, PLR0912 - a chain of rules
    """Of what is neither asked, denied nor reported: whether it has the form of an order."""
    later: Mood = "conditional" if _is_later(bare) else "order"
    if not requested and re.search(r"(?:之前|以前|前)(?:要|需|得|必须|应)", bare):
        return "talk", 0.8, False
    if _FIRST_VERB.match(body) or re.search(r"[把将]", bare) or requested:
        if _PAST.search(bare) and not requested and not re.search(r"[把将]", bare):
            return "talk", 0.8, False
        if (
            re.match(
                rf"{_VERB}[\s\w@.{FILL}-]*(?:是|很|太|会|(?<!所)有(?!人)|也没|没用|不对|不好|不行|不合适|需要|必须|要(?=[审先评经])|应该|让|比|完成了|失败"
                rf"|成功)",
                body,
            )
            and not requested
            and not re.search(r"[把将给]", bare)
        ):
            return ("talk", 0.8, False)
        if _SUBJECT.match(body) and not requested:
            return "talk", 0.8, True
        if not requested and not re.search(r"[把将]", bare) and re.match(rf"{_VERB}了", body):
            return "talk", 0.7, False
        if _PAST.search(bare) and re.search(r"[把将].*了", bare) and not requested:
            return "talk", 0.8, False
        return later, 1.0, False
    if (conditional := _behind_condition(body)) is not None:
        return conditional
    if _SUBJECT.match(body):
        return "talk", 0.9, False
    if (
        re.match(
            r"(?:在|从"
            r"|每).*?",
            body,
        )
        and not _PAST.search(bare)
        and not _STATE_END.search(bare)
        and re.search(rf"(?:上|里|中|从|点|每\S+?)\s*(?:面)?[^的是很太]*?{_VERB}", body)
    ):
        return later, 0.8, False
    topic = _TOPIC.match(body)
    if topic is None and not _PAST.search(bare):
        return "talk", 0.5, False
    if (
        topic is None
        or _PAST.search(bare)
        or re.search(
            r"[是会在]|太|很|比|失败|成功|不"
            r"|没",
            bare[: max(topic.start("verb") + 1, 1)],
        )
    ):
        return "talk", 0.7, False
    if _STATE_END.search(re.sub(r"吧\W*$", "", bare)) and not re.search(r"[把将给]", bare):
        return ("talk", 0.5, False)
    return later, 0.7, False


def binds_what_stands_before(part: str) -> bool:
    """Whether a part that orders nothing is a condition or a time of the order before it."""
    return (
        bool(
            re.match(
                r"\W*(?:但|不过|只是|当然)?(?:前提是|条件是|如果|要是|除非|假如|只要|等"
                r"|要等|得等|需要?等|必须等|在.{1,12}(?:之后|以后|后|时))",
                part,
            )
        )
        or _LATER.match(part.strip()) is not None
    )
