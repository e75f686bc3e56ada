"""Languages other than English and Chinese, told by script and by their commonest words."""

import re

_SCRIPTS = (
    ("Japanese", r"[\u3040-\u30ff]"),
    ("Korean", r"[\uac00-\ud7af\u1100-\u11ff]"),
    ("Ukrainian", r"[іїєґІЇЄҐ]"),
    ("Russian", r"[\u0400-\u04ff]"),
    ("Greek", r"[\u0370-\u03ff]"),
    ("Arabic", r"[\u0600-\u06ff]"),
    ("Hebrew", r"[\u0590-\u05ff]"),
    ("Hindi", r"[\u0900-\u097f]"),
    ("Thai", r"[\u0e00-\u0e7f]"),
)
_WRITTEN = tuple((language, re.compile(script)) for language, script in _SCRIPTS)
_LEAST_LETTERS = 2
_COMMON = {
    "German": "der die das ist und ich wie viel wann wo was wer darf kann muss nicht mit für auf ein eine einen den dem"
    " des von zu im am wir sie mein meine gibt es welche welcher kostet man bei nach",
    "French": "le la les est et je comment combien quand où que qui quel quelle puis peut pas avec pour sur un une des"
    " du de au aux nous vous mon ma il y a-t-il est-ce dans ce cette faut",
    "Spanish": "el la los las es y yo cómo como cuánto cuanto cuándo cuando dónde donde qué que quién puedo puede no"
    " con para por un una del al mi hay cuesta se está debo",
    "Italian": "il lo la gli le è e io come quanto quando dove che chi posso può non con per su un una del della al mio"
    " c'è costa si devo quale quali",
    "Portuguese": "o a os as é e eu como quanto quando onde que quem posso pode não com para por um uma do da ao meu há"
    " custa qual quais em no na devo",
    "Dutch": "de het een is en ik hoe veel wanneer waar wat wie mag kan moet niet met voor op van te in wij mijn"
    " er zijn welke kost bij naar",
    "Polish": "i jest w na z do nie się czy jak ile kiedy gdzie co kto mogę można dla po od mój to są kosztuje który",
    "Turkish": "ve bir bu ne nasıl kaç nerede kim için mi mı mu mü var yok ile ne zaman kadar",
    "Swedish": "och är jag hur mycket när var vad vem får kan måste inte med för på en ett den det finns kostar min",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_ENGLISH = frozenset(
    "the a an is are was do does did and or of to in on for with what when where who how which may can must my i we you"
    " it this that not no have has at by from be if there much many long will should would could".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONGEST = 4000
"""Characters that are looked at."""
_LEAST_WORDS, _LEAST_SHARE = 2, 0.3


def foreign_language(text: str) -> str | None:
    """The English name of the language of a text, where it is neither English nor Chinese; None where that is unsure.

    Short texts without common words, such as names and codes, are of no language.
    """
    text = text[:_LONGEST]
    for language, script in _WRITTEN:
        if len(script.findall(text)) >= _LEAST_LETTERS:
            return language
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {language: sum(word in common for word in words) for language, common in _COMMON_WORDS.items()}
    language = max(counts, key=counts.__getitem__)
    common = counts[language]
    english = sum(word in _ENGLISH for word in words)
    enough = common >= _LEAST_WORDS and common >= _LEAST_SHARE * len(words)
    return language if enough and common > english + 1 else None
