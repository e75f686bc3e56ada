"""The clauses of an English sentence and what each does, by rules: an order needs a form that only "
"orders have.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from agents.understanding.interpretation import Mood
from agents.understanding.masking import FILL, LATER


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence with its mood.

    Attributes:
        governs: what is joined to it by "and" or a comma stands under the same words ("she told me "
        "to ... and ...").
    """

    start: int
    end: int
    mood: Mood
    certainty: float = 1.0
    governs: bool = False


_VERBS = (
    "abort accept accelerate acknowledge activate add admit adopt advance allocate allow answer "
    "append apply approve archive assign "
    "attach authorize authorise ban begin bind block boost boot bring bump calibrate cancel cap "
    "cease clear clone close commission "
    "complete configure confirm connect continue convert copy create cut deactivate debug decline "
    "decommission decrease define delegate "
    "delete demote deny deploy deprecate deregister detach disable discard disconnect dispatch "
    "distil distill downgrade download drain "
    "draft drop dry-run dump edit eject enable end enforce enlarge enrol enroll erase evict exclude "
    "execute exempt expand expel expire "
    "export extend finalise finalize finish fix flip flush force forward freeze generate go grant "
    "halt hand import increase "
    "infer ingest initiate install instruct invite invoke isolate issue join kick kill label launch "
    "lift link load lower "
    "make mark measure merge migrate mint monitor move mute name notify nuke offboard onboard open "
    "override overwrite park patch "
    "permit ping pin place point post postpone promote propose provision prune publish pull purge "
    "push put quantise quantize queue quit "
    "raise ramp reactivate reassign reboot rebuild record recover redeploy redo reduce reenable "
    "refresh register reinstate "
    "reject relabel reload remove rename renew reopen reply reprocess rerun rescind reset resolve "
    "respond restore resume "
    "retire retrain retry return reuse revert revise revoke roll rotate route save scale seal send "
    "set ship shift shrink shut "
    "sign slow speed spin split stage start store submit suspend swap switch sync synchronise "
    "synchronize tag take tear "
    "terminate throttle toggle train transfer trigger trim try tune turn unassign unblock undo "
    "unfreeze uninstall unlock unmute unpause "
    "unpin unquarantine unregister unschedule upgrade upload use validate verify void wake "
    "whitelist withdraw widen wind wipe wire "
    "abandon adjust agree appoint attest ban blacklist book bounce build call countersign crown "
    "demote dethrone discontinue disallow disapprove disown distribute document elect elevate enter "
    "equip evict expose feed file flag fold graduate hook interrupt introduce invalidate jot jump "
    "knock lay level log mirror mothball mv nominate ok okay pack phase pick pose prepare provide "
    "promise rate reapply reattempt recall reclassify reconfigure recreate refuse regroup relaunch "
    "release relocate remap repeat replace repoint restrict retract reverse revert rm scrap send "
    "shelve skip stamp step stick strike strip sunset supply throw tidy trickle unalias unhold "
    "unlist unset unship upgrade veto wrap write "
    "ask tell message remind ack redeploy requeue offline embed index reindex delist proceed pass "
    "transition deliver dismiss"
)
_NOUNISH = (
    "access backup benchmark canary change charge count eval evaluate gate key limit lock log order "
    "pause quarantine record release "
    "report request restart review rollback roll-back rollout roll-out run sample schedule score "
    "shadow start stop test update vote "
    "trial vet audit"
)
"""Verbs that are nouns as well."""

_VERB = (
    rf"(?:(?!accept my)(?:{'|'.join(sorted(_VERBS.split(), key=len, reverse=True))})(?![\w'’-])(?!\s+(?:entries"
    rf"|polic(?:y|ies) \w+ (?:is|was|came)|notes?\b|results?\b|is\b|was\b|are\b|were\b|has\b|had\b))"
    rf"|(?:{'|'.join(sorted(_NOUNISH.split(), key=len, reverse=True))})(?![\w'’-])(?!\s+(?:of|from"
    rf"|is|was|are|were|has|had|looks?|will|would|in|entries|polic|results?|notes?)\b)"
    r"|(?:do (?:a|an|the|it|this|that|so|not(?!\w))(?! (?:not|need|really))|give (?!me the"
    r"|me an over|me a list|me details)|note (?!that)|get (?:rid|v\d|it |\S+ \w+ed"
    r"|me an? (?:new )?(?:token|key)|\S+ (?:off|out|back|through|onto|into|moving|running))"
    r"|give (?:out|up|back)|fire up|have (?=.*(?:ed|taken|put|set|run|made|sent)\b)|let (?!me|us|'s"
    r"|nobody)(?!.*\b(?:promote|approve|reject|abort|pause|retire|roll|deploy|register|decide)\b)"
    r"|bring back|keep (?=\w+ing)|hold (?!on|off|it$|your)|carry on))"
)
_POLITE = (
    r"(?:please|pls|plz|kindly|just|quickly|also|then|now|maybe|immediately|simply|possibly"
    r"|perhaps|be so kind(?: as)?|instead|go ahead and|first)"
)
_LEAD = re.compile(
    r"(?:[\W_]*(?:hi|hey|hello|yo|please|pls|plz|kindly|now|then|so|and|also|but|ok|okay|well|right"
    r"|alright|all right|fine|good|great"
    r"|yes|yeah|yep|sure|just|simply|quickly|urgently|urgent|immediately|asap|first|firstly|second"
    r"|secondly|next(?! (?:week|month|time|year|quarter|shift|\w+day))|finally|instead|therefore"
    r"|thanks|thank you|sorry|ah|oh|hmm|um|again"
    r"|only|quick one|(?:somebody|someone|everyone) (?=please)|chargehand|(?<=hi )there"
    r"|(?<=hello )there|guys|team|todo|task|request|to do|would you|you,?(?= please)|i said"
    r"|go ahead and|actually)\b(?!'))*[\W_]*"
)
_RETRACTS = (
    r"(?:(?:oh|ah|hmm+|um|but|and|ok|okay|sorry|oops|correction|no|well|please|wait|actually|er|so|yes|yeah"
    r"|ha)\b[\s,.!:]*)*"
    r"(?:(?<!\w)no(?:[\s,]+(?:no|wait|stop|don't|dont|keep|leave|not|forget|scrap|hold|sorry|it|it's|that|that's)\b"
    r"|\W*$)|wait(?:[\s,]+(?:a (?:sec(?:ond)?|minute|moment|bit)|no|stop|what|don't|hold)\b|\W*$)"
    r"|(?:hang|hold) on\b"
    r"|hold (?:it|your horses)\b|hold off\W*$|(?:scrap|scratch|strike|belay|drop) (?:that|it"
    r"|this)\b|forget (?:it|that(?! \w+ing)|about|this|what)\b|never ?mind\b|cancel (?:that|this"
    r"|my (?:last|previous|message|order)|what|it\W*$)|cancel\W*$"
    r"|disregard\b|ignore (?:that|my|this|what|it|the (?:last|previous))\b|(?:i'?m |i was |just "
    r"|only )*(?:kidding|joking)\b|(?:i )?didn't mean (?:it|that|to)\b"
    r"|i (?:take (?:that|it|this) back|(?:have )?changed my mind)\b"
    r"|(?:that|this|it) was (?:a|my) (?:mistake|joke|typo|error|test)\b|on second thoughts?\b"
    r"|(?:my (?:mistake|bad)|wrong (?:window|chat|channel|one|thread))\b"
    r"|i'?d rather not\b|(?:or )?(?:rather|better|maybe|or|actually)(?:,? not|,? don't| no)\W*$"
    r"|(?:or )?not(?: yet| now| really| that(?: one)?)?(?: again)?\W*$|(?:haha|lol|jk|lmao|nah|nope|psych)\b"
    r"|wait,? (?:i|that|this|it|let|you)\b|(?:that's|it's) the wrong\b|let me (?:think|check)"
    r"|sike\b|on reflection\b|(?:i )?spoke too soon|false alarm\b|skip (?:it|that)\W*$|forget (?:i"
    r"|what)\b|i was (?:only|just) (?:thinking|testing)|thinking about it|in fact,? (?:no|don't"
    r"|leave|keep)|let's not\W*$|(?:please )?(?:don't|dont|do not)(?: do (?:it|that))?\W*$"
    r"|stop(?:\W*$|[\s,]+(?:not?|that|it|wait)\b)|(?:leave|keep) (?:it|that|them|everything|as)\b"
    r"|withdraw that\b|i (?:mean|meant)\b|(?:take|call) (?:that|it) (?:back|off)\W*$)"
)
_RETRACT = re.compile(_RETRACTS)
_CUT = re.compile(
    r"(?P<sorry>[\s,]*\b(?:i mean|i meant|or rather|make that)[\s,:]+(?=(?:please )?" + _VERB + r"))"
    rf"|,?\s+(?P<word>and then|and also|and now|and|then|but|so|or|plus|after that|therefore|hence"
    rf"|which is why|thus)[\s,]+(?=(?:{_POLITE}[\s,]+)*(?:{_VERB}|(?:can|could|would|will) you\b"
    rf"|let's\b|let us\b|i (?:want|need) you\b|mind \w+ing\b|please\b))"
    rf"|,\s*(?=(?:{_POLITE}[\s,]+)*(?:{_VERB}|(?:can|could|would|will) you\b(?!\W*$)|let's\b"
    rf"|let us\b|i (?:want|need) you\b|please\b(?!\W*$)))"
    r"|,?\s+(?P<if>and|but)\s+(?=if\b|when\b|once\b|unless\b|as soon as\b)"
    rf"|(?P<ifs>,\s*(?=(?:if|when|once|unless|as soon as)\b[^,]*(?:,|\bthen\b)\s*(?:then )?{_VERB}))"
    rf"|(?P<no>(?:,|\(|\bbut\b|\bhmm+\b|\boh\b)\s*(?={_RETRACTS}))|"
    r"(?P<no2>\s+(?=(?:actually,? (?:no|not|don't)\W*$|no wait|oh no"
    rf"|wait no|never ?mind|scrap that|scratch that|forget (?:it|that))\b))"
    r"|(?P<look>,?\s+(?:and(?: then)?|but|so|then)\s+(?=(?:show|list|tell me|what(?:'s| is| are"
    r"| did)|who|how (?:is|are|many)|is|are)\b)(?!what it))"
)
_REASON = re.compile(
    r"[\s,]*\b(?:because|since|due to|owing to|given that|(?<!long )(?<!soon )(?<!much )as (?:it"
    r"|they|we|he|she|there|the|i|this)\b|for the reason|reason:|so that|thanks to|cause|bc)\b.*"
    r"|,\s*(?:it|they|he|she|that|this|we|nobody|no one|none|people|users|customers|everyone|there|i|i'm|i've|it's"
    r"|they're|that's|we've|we're|its|the)\b.*",
    re.DOTALL,
)
_REASON_FIRST = re.compile(
    r"(?:because|since|due to|owing to|given|as (?:it|they|we|the|there"
    r"|this)|thanks to|on|for|in|at|with|from|under|regarding|concerning|about|over|re)\b[^,]*$"
)
_DEVICE = re.compile(r"(?:ask|tell|message|remind|instruct|reply|answer|write|respond)\b(?! me\b)")
_DEVICE_WORDS = re.compile(r"\b(?:why|whether|if|what|how|when|where|who|which|that|to)\b.*", re.DOTALL)
_REPORT = re.compile(
    r"\b(?:said|says|told|tells|asked|asks|suggest(?:s|ed)|wants|wanted|demand(?:s|ed)|wrote|writes"
    r"|claim(?:s|ed)|request(?:s|ed)|ordered|orders|heard|recommend(?:s|ed)"
    r"|propose[sd]|insist(?:s|ed)|decided|begged|urge[sd]|reads|mentioned|advised|keep asking"
    r"|keeps asking|(?:they|people|ops|legal|customers|users|management|folks) (?:want|say|ask|demand|need))\b"
)
_GOVERNS = re.compile(
    r"\b(?:would|could|should|shall|might|may|ought|maybe|perhaps|imagine|suppose|supposing"
    r"|supposed|hypothetically|think|guess|believe|feel|hope|wish|wonder|wondering|thinking"
    r"|considering|plan|planning|going to|about to|want|wants|like to|try to|tried|forgot|refuse"
    r"|never|don't|dont|do not|not|didn't|did not|can't|cannot|won't|doesn't|no need|nobody|no one"
    r"|what if|used to|able to|have to|has to|had to|decide[d]?|how|can|to)\b"
)
_TRAIL_REPORT = re.compile(
    r",\s*(?!nobody\b|no one\b|none\b)(?:\S+\s+){1,3}?(?:said|says|told (?:me|us)|wrote|asked|suggested"
    r"|thinks|think|begged|insisted|demanded|ordered|shouted)\b(?: (?:so|it|that|this|me|us|in|on"
    r"|at|yesterday|today|to)\b|\s*(?:,|$))|[,:]\s*(?:is what\b|(?:that|this|it)(?:'s| is| was"
    r"| would be) (?:what|how|\w+'s|my|the idea|a suggestion))|\b(?:and|or) (?:you|we|all"
    r"|everything|everybody|they|it|someone|i)(?:'ll| \w+){0,2}? ?\b(?:will|would|breaks?|explodes?"
    r"|shall|going|hell|regret|fire|quit)\b|\bnot\W*$|\b(?:said|says|quote|unquote)\s*$"
    r"|,\s*(?:i (?:think|guess|suppose|would say)|or should|or not|right)\b|\bor not\b"
)
_DONT = re.compile(
    r"\b(?:do not|don't|dont|never|must not|mustn't|should not|shouldn't|won't|wouldn't|will not"
    r"|can't|cannot|no need|needn't|not (?:going|about|yet|sure|saying)|didn't|refuse to|i refuse)\b"
)
_NEGATIVE = re.compile(
    r"not\b|stop (?!(?:enforc|us|serv|rout|send|runn|apply|giv|show|roll|collect"
    r"|sampl|record|check)ing)\w+ing\b|make sure (?:not|that no|no|never)|let (?:nobody|no one|none)\b"
)
_NOTHING = re.compile(
    r"^\S+(?:\s+(?:back|up|off|out|on|down))?\s+(?:nothing|none|no (?!longer)\w+"
    r"|nobody|neither)\b|\bnothing\W*$"
)
_COND = re.compile(
    r"\b(?:if|unless|(?<!at )once(?!\W*$| more| again)|whenever|as soon as"
    r"|(?:un)?till?(?! further notice)(?![-\w])|provided|providing|assuming|in case|in the event"
    r"|as long as|so long as|when|subject to|on condition|depending on|should (?:the|it|any|there"
    r"|this|anything|something|errors?|\w\d+)"
    rf"|for (?:p\d\d|latency|errors?|error rates?|anything)(?: \S+)? (?:over|above|below|under)"
    rf"|by the time|contingent|permitting|following|upon|on (?:any |first |the first )?(?:error"
    rf"|failure|success|green|approval|complaint)s?\b|during"
    rf"|(?<!that's )(?<!are )(?<!is )(?<!still )pending (?:\S+ )?(?:approval|review|sign|eval|okay"
    rf"|ok|consent)|though|(?:but|and) (?:wait|not)|the (?:minute|moment) (?!\W*$)(?:the|it|p95|you"
    rf"|we|they|\S+ (?:is|turns|goes|has))|(?:every|each|next|any) time|afterwards"
    rf"|with \S+(?: \S+)? (?:okay|ok|approval|blessing|consent|permission)|after (?!that\b|all\b)"
    rf"|wait for|except when|else|otherwise|before (?:you|we|i|they)\b)\b|(?<!^)\bshould {FILL}"
)
_COND_FIRST = re.compile(
    r"(?:only )?(?:if|unless|once|when(?:ever)?|as soon as|until|till|provided"
    r"|assuming|in case|as long as|so long as|should|after|before|(?:let's |let us )?wait|the (?:moment"
    r"|minute) (?!\W*$)|(?:every|each|next|any|first) time|depending|pending|subject|following|upon"
    r"|on (?:green|error|failure|success|approval)|let (?:the )?\S+ (?:\S+ )?(?:finish|complete|end"
    r"|settle)|in an emergency|with \S+(?: \S+)? (?:okay|ok|approval|blessing|consent|permission"
    r"|go)|given \S+(?: \S+)? (?:approval|okay|ok|consent|blessing)|by the time|in the event)\b"
)
_LATER = re.compile(rf"\b{LATER}")
_WANTS = re.compile(r"(?:i|we)(?:'d| would)? (?:need|want|like)\b(?! (?:to|you|him|her|them|us) )")
"""Says what somebody needs, which is an order at the most by what it is."""
_EVERY = re.compile(r"\b(?:every|each|daily|nightly|weekly|hourly|monthly|weekdays)\b")
_SOON = re.compile(r"\b(?:tomorrow|tonight|later|next (?:week|month|year))\b")
HANGING_CONDITION = re.compile(
    rf"\W*(?:and |but )?(?:only |just |though |although )?(?:if|unless|once|when|as soon as|until"
    rf"|after|provided|assuming|in case|pending|subject to|depending on|not (?:before|until|now"
    rf"|yet)|wait (?:for|until|till)|but (?:only|not|wait)|{LATER})\b"
)
"""Begins what binds the order before it."""
_CONDITION_OF_RULE = re.compile(
    r"(?:add|set|create|define|configure|put|make|register"
    r"|write)\b(?:(?!\b(?:if|unless|when|once|until)\b).)*?\b(?:gate|guard|rule|policy|alert|pipeline|trigger|limit|threshold)s?\b"
)
_LOOK = re.compile(
    r"(?:show|list|display|tell me|let me (?:see|know|look)|see|look|find|search|check (?!in\b"
    r"|out\b)|compare|explain|describe|summari[sz]e|print|view|inspect|get me|fetch|read|status"
    r"|progress|state|overview|history"
    r"|give (?:me|us) (?:the|an? (?:overview|list|summary|report|status)|details|all|more|some"
    r"|your)|any(?! chance)|what's|who's|where's|how's|wondering|curious|look up|count|enumerate"
    r"|lookup|recall|i(?:'d| would)? (?:want|like|need|love) to (?:see|know|hear|look|understand"
    r"|find out|check)|we (?:want|need) to (?:see|know|look)|remind me|trace|diff|latency|any news|news)\b"
)
_DENIES = re.compile(rf"{_DONT.pattern}\s+\w")
_HESITATES = re.compile(r"\b(?:would|could|should|think|want|asked|ask|tell|said|shall|might|wish|hope)\b")
_HOW = re.compile(r"\b(?:how|whether|if|what (?:happens|would|if)|to)\b")
_WH = re.compile(r"(?:what|which|who|whom|whose|where|why|how|whether)(?:'s|'re)?\b")
_AUX = re.compile(
    r"(?:is|are|was|were|did|does|has|had|am|isn't|aren't|wasn't|weren't|didn't"
    r"|doesn't|hasn't|haven't|do (?:you|we|i|they|the|any|these|those|all|people|devices)|can|could"
    r"|will|would|may|might|must|have)\b"
)
_DELIBERATES = re.compile(
    r"(?:should|shall|shouldn't|ought|do (?:we|i) (?:really |even |actually |still )?(?:want|need"
    r"|have|dare)|is (?:it|now|this|that) (?:really |perhaps |maybe )?(?:a |the )?(?:good|bad|wise"
    r"|time|right|ok|okay|smart|better|worth|safe|sensible|too)|would (?:it|we|i|that|this)"
    r"|wouldn't|might|may (?:i|we)|what if|what about|how about|why (?:don't|not|shouldn't|would)"
    r"|who (?:would|wants)|if (?:i|we) were|am i|are we (?:going|sure|about))\b"
)
_REQUEST = re.compile(
    rf"(?:(?:can|could|would) (?:you|somebody|someone|u)|will you,? (?:please"
    rf"|kindly))(?:,? {_POLITE})* (?=(?:please |kindly )*(?P<verb>{_VERB}))"
    rf"|(?:can|could|would|will) you (?:please )?(?P<look>{_LOOK.pattern})"
    r"|(?:would |do |will |could )?(?:you )?mind (?!if\b|that\b)(?:please |just )?\w+ing\b"
    r"|(?:would you )?be so kind"
    rf"|(?:is there )?any chance (?:you|that you|of you|to)\b|i(?:'d| would| will"
    rf"|'ll)? (?:really )?(?:appreciate|be grateful|be glad|love)(?: it)? if you\b"
    rf"|i(?:'d| would)? (?:really )?(?:like|want|need|love"
    rf"|prefer) (?:you )?to (?:please )?(?=have\b|{_VERB})|i(?:'d| would)? (?:like|want"
    rf"|need) (?:you to (?!see|know)|(?!to\b)(?:\S+\s+){{1,5}}?(?:\w{{2,}}ed|taken|put|set|shut|run"
    rf"|made|sent|moved|back|off|out|gone|on|down)\b(?! to be| that))"
    rf"|we (?:really )?need (?:you )?to (?=have\b|{_VERB})"
    rf"|we need (?!to\b)(?:\S+\s+){{1,5}}?(?:\w{{2,}}ed|taken|put|set|shut|back|off)\b"
    rf"|(?:let's|let us|lets) (?:please |just |now |then |go ahead and )*(?!not\b)(?={_VERB})"
    rf"|go ahead\b|do (?:me|us) (?:a|the) favou?r(?: and)? |feel free to (?={_VERB})"
    rf"|i (?:hereby )?(?:approve|reject|authori[sz]e|decline) (?!of\b)(?=\S)"
    rf"|you (?:can|may|should|must|need to|have to|are to|shall) (?:please |now |then "
    rf"|just )*(?={_VERB})|don't (?:forget|hesitate) to (?={_VERB})|make sure (?:to|that you) "
)
_MODAL_LATER = re.compile(
    r"\b(?:is|was|were|are|has been|would|should|might|looks|seems|worked"
    r"|failed|helped|makes|went|caused|came|comes|say|says|isn't|wasn't|aren't|weren't|means|meant|differs?)\b"
)
_RELATIVE = re.compile(
    r"(?:that|which|who|what|whatever|whichever|it|they|there|whoever|where|why"
    r"|how|if|when|and)\s+$"
)
_NO_REQUEST = re.compile(
    r"(?:be|no|remember|beware|mind|wait|careful|hurry|help|note|forgive"
    r"|excuse|accept my|have|see|check|avoid|refrain|leave|ignore|stay|keep|let|stop|tell)\b"
)
_PLEASE = re.compile(r"\b(?:please|pls|plz|asap)\b")
_FINITE = re.compile(
    r"\b(?:is|was|were|are|has|have|had|looks?|seems?|went|did|does|says|said"
    r"|thinks?|i'm|it's|they)\b"
)
_PAST = re.compile(r"\b(?:was|were|did|had|used to|yesterday|last (?:week|month|year|time))\b")
_TAG = re.compile(r",?\s*(?:will|would|could|can) you\W*$")
_NOUN_ORDER = re.compile(
    r"(?:\d+ ?% )?(?:canary|shadow|rollback|(?:an? "
    r"|another )?new (?:\w+ ){0,2}?(?:key|token|pipeline|alias|version|model|device|group|tenant"
    r"|run|prompt|policy|job|instructions?)|new read|pause|restart|back to|eval|evaluation|promotion)\b"
)
_CORRECTION = re.compile(r"(?:go|back) (?:back )?to\b")


def english_clauses(text: str, start: int, end: int, asks: bool, after: Piece | None) -> list[Piece]:  # noqa: C901 - a chain of rules
    """The clauses of text[start:end].

    Args:
        text: masked.
        asks: the sentence ends with a question mark.
        after: the last clause before this sentence.
    """
    found: list[Piece] = []
    last: Piece | None = None
    opened = False
    parts = list(_parts(text, start, end))
    chosen = any(word == "or" for _, _, word, _ in parts)
    last_or = re.search(r"\bor\b", text[start:end]) is not None
    first_word = "then" if re.match(r"\W*(?:and )?(?:then|after that|afterwards)\b", text[start:end]) else ""
    if first_word and after is not None and after.mood in {"conditional", "talk"}:
        last = after
        opened = bool(_COND_FIRST.match(text[after.start : after.end].lstrip(" ,")))
    for at, stop, word, retracts in parts:
        if retracts is not None:
            last = Piece(*retracts, "retraction")
            found.append(last)
        part_asks = asks and (stop == end or not text[at:stop].strip())
        mood, certainty, governs = _mood(text[at:stop], part_asks)
        joined = word or (first_word if last is after else "")
        inherited = _inherited(last, joined, text[at:stop], mood, "" if last is None else text[last.start : last.end])
        if inherited is None and mood == "order" and opened and joined not in {"so", "no"}:
            inherited = "conditional"
        if inherited is not None:
            mood, certainty, governs = inherited, 0.9, True
        elif asks and not part_asks and mood == "order" and _deliberates_at_end(text[stop:end]):
            mood = "talk"
        if (
            mood == "order"
            and asks
            and re.match(
                r"\W*(?:so |and |then |but )*you (?:can|may|should"
                r"|must)\b",
                text[at:stop],
            )
        ):
            mood, certainty, governs = "question", 0.8, True
        if mood == "order" and (chosen or (asks and last_or)) and not _REQUEST.search(text[start:end]):
            mood, certainty, governs = "talk", 0.8, True
        if mood == "talk":
            body = text[at:stop][_LEAD.match(text[at:stop]).end() :]  # type: ignore[union-attr]
            opened = opened or bool(_COND_FIRST.match(body) or _LATER.match(body))
        elif mood == "retraction":
            opened = False
        if mood == "talk" and joined in {"and", "or"} and found and found[-1].mood == "order":
            body = text[at:stop]
            if _VERBISH.match(body) and _MODAL_LATER.search(body):
                found[-1] = replace(found[-1], mood="talk", certainty=0.7)
        last = Piece(at, stop, mood, certainty, governs)
        found.append(last)
    return found


def _deliberates_at_end(rest: str) -> bool:
    return bool(re.search(r"\bor\b\s*\w*\s*(?:should|not|wait|keep|leave)", rest))


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int, str, tuple[int, int] | None]]:
    """Where the clauses are: start, end, the word that joins it to the one before, the span of an "I mean"."""
    at, word, retracts = start, "", None
    position = start
    while (match := _CUT.search(text, position, end)) is not None:
        position = max(match.end(), match.start() + 1)
        before = text[at : match.start()]
        if not before.strip() and match["sorry"] is None:
            continue
        if _stays(before, match):
            continue
        if before.strip():
            yield at, match.start(), word, retracts
        retracts = match.span() if match["sorry"] is not None else None
        at = match.end()
        word = (
            "no"
            if match["no"] is not None or match["no2"] is not None or retracts
            else match["word"] or match["if"] or ("," if match["ifs"] is None else "so")
        )
        if match["look"] is not None:
            word = "so"
    if text[at:end].strip():
        yield at, end, word, retracts


def _stays(before: str, match: re.Match[str]) -> bool:  # noqa: PLR0911 - a chain of rules
    """Whether a possible cut is none: within a reason, a message to a device, or behind what leads "
    "an order in.
    """
    if match["sorry"] is not None or match["no"] is not None or match["no2"] is not None:
        return False
    body = before[_LEAD.match(before).end() :]  # type: ignore[union-attr]
    word = match["word"] or match["look"] or match["if"] or ""
    if _DEVICE.match(body):
        return "then" not in word or not body.startswith("ask")
    if match["word"] is None and re.fullmatch(rf"{_VERB}", body.strip()):
        return True
    if match["word"] is None and match["look"] is None and match["if"] is None and match["ifs"] is None:
        if _REASON_FIRST.match(body):
            return True
        if _COND_FIRST.match(body) or _LATER.match(body):
            return True
        return bool(_PLEASE.fullmatch(body.strip()))
    if (
        word.strip() in {"then", "and", "and then"}
        and _COND_FIRST.match(body)
        and "," not in before
        and not _VERBISH.search(body)
    ):
        return True
    if re.fullmatch(rf"{_VERB}", body.strip()):
        return True
    reasons = re.search(r"\b(?:because|since|due to|so that)\b", before) is not None
    return reasons and word.strip() in {"and", "or"} and not match[0].startswith(",")


_LISTED_VERBS = re.compile(rf"{_VERB}(?:,|\s+(?:and|or))\s+{_VERB}")
_VERBISH = re.compile(rf"\b{_VERB}")


def _inherited(last: Piece | None, word: str, part: str, mood: Mood, before: str) -> Mood | None:  # noqa: PLR0911 - a chain of rules
    """The mood that a clause has from the one that it is joined to."""
    if last is None or not word or mood not in {"order", "conditional", "question"}:
        return None
    if word in {"so", "but", "therefore", "hence", "which is why", "thus", "no"}:
        return None
    if last.mood == "conditional" and mood == "order":
        return None if re.search(r"\bnow\b", part) else "conditional"
    if last.mood == "talk" and _COND_FIRST.match(part):
        return None
    if word == "," and _DENIES.search(before) and not _REPORT.search(before) and not _HESITATES.search(before):
        return None
    if last.mood in {"talk", "question"} and mood == "order" and last.governs:
        return None if _PLEASE.search(part) and "then" not in word and word == "," else last.mood
    return None


def _mood(part: str, asks: bool) -> tuple[Mood, float, bool]:
    """The mood of one clause, how certain it is, and whether it governs what is joined to it."""
    body = part[_LEAD.match(part).end() :].rstrip()  # type: ignore[union-attr]
    if _RETRACT.match(part.lstrip(" ,.-–—")):
        return "retraction", 1.0, False
    if not re.search(r"[a-z]", body):
        return "talk", 0.5, False
    if not _LOOK.match(body) and not _COND_FIRST.match(body) and (_REQUEST.match(body) or _VERBISH.match(body)):
        return _asked_for(part, body, asks)
    if (
        _COND_FIRST.match(body)
        or _LATER.match(body)
        or _EVERY.match(body)
        or (_REASON_FIRST.match(body.split(",")[0]) and "," in body)
    ):
        bound = _bound(body, asks)
        if bound is not None:
            return bound
    return _said(part, body, asks)


def _bound(body: str, asks: bool) -> tuple[Mood, float, bool] | None:  # noqa: PLR0911 - a chain of rules
    """Of a clause that a condition, a time or a reason opens."""
    if re.match(r"when(?:'s| (?:did|do|does|is|was|will|can|should|are|were|has|have|would))\b", body):
        return "question", 1.0, True
    if _DELIBERATES.match(body) and (asks or body.startswith("if ")):
        return "talk", 1.0, True
    if re.search(
        r"\b(?:i|we|he|she|they|you) (?:would|could|might|should|will|'ll)\b|\b(?:i|we"
        r"|they|he|she)'(?:d|ll)\b",
        body,
    ) and not _PLEASE.search(body):
        return "talk", 0.9, True
    found = _main_order(body)
    if found is None:
        return None
    before = body[: len(body) - len(found)]
    opened = bool(
        _COND_FIRST.match(body) or _COND.search(before) or (_LATER.search(before) and not _EVERY.search(body))
    )
    if asks and not _REQUEST.search(body):
        return "question", 0.7, True
    if opened:
        return "conditional", 1.0, True
    mood, certainty, governs = _asked_for(body, found, asks)
    return mood, min(certainty, 0.9), governs


def _main_order(body: str) -> str | None:
    """The order behind what opens the clause."""
    for match in re.finditer(r"[,:]\s*|\bthen\s+|\s(?=please\b)", body):
        rest = body[match.end() :]
        rest = rest[_LEAD.match(rest).end() :]  # type: ignore[union-attr]
        if _VERBISH.match(rest) or _REQUEST.match(rest):
            return rest
    first = _LATER.match(body)
    for match in re.finditer(r"\s", body):
        if first is not None and match.start() < first.end() - 1:
            continue
        rest = body[match.end() :]
        if _VERBISH.match(rest) and not re.search(
            r"\b(?:to|the|a|an|of|in|on|not|our|this|that|any"
            r"|no|every|your|it|you|we|they|i|can|could|would|will|won't|don't|can't|never|should|must|may|might)\s+$",
            body[: match.end()],
        ):
            return rest
    return None


def _asked_for(part: str, body: str, asks: bool) -> tuple[Mood, float, bool]:  # noqa: C901, PLR0911 - a chain of rules
    """Of a clause in the form of an order: an order unless something stands against it."""
    request = _REQUEST.match(body)
    if request is not None and request["look"]:
        return "question", 1.0, True
    rest = body[request.end() :] if request is not None else body
    told = _DEVICE.match(rest)
    own = _DEVICE_WORDS.sub("", rest) if told is not None else _REASON.sub("", rest)
    own = re.sub(r"[\s,]*\b(?:would|could|can|will) you(?: please)?\W*$", "", own)
    if asks and body.startswith("you "):
        return "question", 0.8, True
    if _LISTED_VERBS.match(body):
        return "talk", 0.5, False
    if _TRAIL_REPORT.search(part):
        return "talk", 0.9, True
    if not body.startswith("don't") and _DONT.search(own):
        return "talk", 1.0, True
    if _NOTHING.match(rest) or _NEGATIVE.match(rest) or re.search(r"^make sure (?:not|that no|no|never)", body):
        return "talk", 1.0, True
    if request is None and asks and not _TAG.search(part) and not _PLEASE.search(part):
        return "talk", 0.8, True
    if request is not None and re.match(r"(?:ha(?:ve|d)\b.{0,3}(?:ed|been)|have (?:\w+ed|been|done)\b)", rest):
        return "talk", 0.9, True
    if request is None and told is None:
        finite = _MODAL_LATER.search(own.split(",")[0])
        if (
            finite is not None
            and not re.search(
                r"\b(?:that"
                r"|whether)\b",
                own[: finite.start()],
            )
            and not _RELATIVE.search(own[: finite.start()])
            and not _COND.search(own[: finite.start()])
        ):
            return "talk", 0.7, False
    if _is_conditional(rest, own, told is not None) or (request is not None and _LATER.search(body[: request.end()])):
        return "conditional", 1.0, True
    if _LOOK.match(rest):
        return "question", 1.0, _HOW.search(rest) is not None
    return "order", 1.0 if request is None else 0.95, False


def _is_conditional(rest: str, own: str, told: bool) -> bool:
    if _CONDITION_OF_RULE.match(rest):
        return bool(_SOON.search(own))
    late = _SOON if _EVERY.search(own) else _LATER
    if told:
        return bool(late.search(own) or _SOON.search(own))
    if _COND.search(own) or late.search(own):
        return True
    reason = rest[len(own) :]
    return bool(
        re.search(
            r"\b(?:if|unless|only (?:if|when)|as soon as|provided|but not"
            r"|until)\b",
            reason,
        )
        or re.search(r",\s*(?:but )?(?:tomorrow|tonight|later|not (?:now|yet))\b", reason)
    )


def _said(part: str, body: str, asks: bool) -> tuple[Mood, float, bool]:  # noqa: C901, PLR0911 - a chain of rules
    """Of a clause in no form of an order: a question or talk, unless "please" or its nouns say otherwise."""
    please = _PLEASE.search(part) is not None
    reported = _REPORT.search(body) is not None
    if _DELIBERATES.match(body):
        return "talk", 1.0, True
    if _WH.match(body):
        return "question", 1.0, True
    if re.match(
        r"when(?:'s| (?:did|do|does|is|was|will|can|should|are|were|has|have"
        r"|would))\b",
        body,
    ) or (body.startswith("when") and asks):
        return "question", 1.0, True
    if _AUX.match(body) and not (body.startswith("have ") and not asks and "been" not in body):
        if please and re.match(r"(?:can|could|may|might)\b", body) and not _REPORT.search(body):
            return ("conditional" if _is_conditional(body, _REASON.sub("", body), False) else "order"), 0.7, True
        return "question", 0.9, True
    if _LOOK.match(body):
        return "question", 1.0, _HOW.search(body) is not None
    if asks:
        return ("talk" if reported or _GOVERNS.search(body) else "question"), 0.8, True
    own = _REASON.sub("", body)
    if _WANTS.match(body) and not _DONT.search(own) and not _COND.search(own) and not _LATER.search(own):
        return "talk", 0.5, False
    vetoed = (
        reported
        or _DONT.search(own)
        or re.search(
            r"\b(?:i|would|might|maybe|perhaps|nobody"
            r"|nothing|no one|not|wish|think)\b",
            own,
        )
    )
    if (
        please
        and not vetoed
        and not _NO_REQUEST.match(body)
        and not re.search(
            r"\b(?:was|were|had"
            r"|did)\b",
            own,
        )
    ):
        return ("conditional" if _is_conditional(body, own, False) else "order"), 0.6, False
    if _NOUN_ORDER.match(body) and not vetoed and not _FINITE.search(own) and not _MODAL_LATER.search(own):
        return ("conditional" if _is_conditional(body, own, False) else "order"), 0.5, False
    governs = reported or _GOVERNS.search(body) is not None
    if vetoed or reported or _PAST.search(own):
        return "talk", 1.0, governs
    corrected = _mistyped(body)
    if corrected is not None and not governs:
        mood, _, _ = _asked_for(part, corrected, asks=False)
        return mood, 0.5, False
    return "talk", 0.5, governs


def _mistyped(body: str) -> str | None:
    """The clause with its first word as the verb that it nearly is."""
    first = re.match(r"[a-z]{5,}(?![\w@.:/-])", body)
    if first is None or first[0] in _NO_TYPOS or first[0] in _LONG_VERBS or first[0].endswith(("ed", "ing", "s")):
        return None
    near = _near_verb(first[0])
    return None if near is None else near + body[first.end() :]


@lru_cache(1000)
def _near_verb(word: str) -> str | None:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extractOne(word, _LONG_VERBS, scorer=OSA.distance, score_cutoff=1)
    return found[0] if found is not None else None


_LONG_VERBS = tuple(verb for verb in (*_VERBS.split(), *_NOUNISH.split()) if len(verb) >= 5)
_NO_TYPOS = frozenset(
    "there these those their where which while after about other could would should might never state store "
    "story place  "
    "right light night thing think thank still stall steak peace please refrain smart cause grand clause chose "
    "class watch  "
    "batch match paint joint verge brain again speech swift shirt shrine threw strap older border court mount "
    "scope scare  "
    "stale lunch lapel preview resort plant giant below alloy expert expect except always almost quite great "
    "green until".split()
)
