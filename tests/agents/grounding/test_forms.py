import pytest

from agents.grounding.forms import AskedForm, read_form


@pytest.mark.parametrize(
    ("question", "form", "subjects"),
    [
        ("Which documents mention dogs?", "mentions", ("dogs",)),
        ("what files talk about the SE30 fan", "mentions", ("the SE30 fan",)),
        ("In which document is the deposit described?", "mentions", ("the deposit",)),
        ("哪些文档提到押金？", "mentions", ("押金",)),
        ("List documents", "listing", ()),
        ("list all the documents", "listing", ()),
        ("What documents do you have?", "listing", ()),
        ("which documents are there", "listing", ()),
        ("列出所有文档", "listing", ()),
        ("你有哪些文档？", "listing", ()),
        ("Summarise the guarantee.", "summary", ("the guarantee",)),
        ("Give me a short overview of the house rules", "summary", ("the house rules",)),
        ("总结一下借阅规则", "summary", ("借阅规则",)),
        ("What is the difference between A-1 and B-2?", "comparison", ("A-1", "B-2")),
        ("Compare the SE30 with the SE50", "comparison", ("the SE30", "the SE50")),
        ("How does Rainer mild differ from Rainer old?", "comparison", ("Rainer mild", "Rainer old")),
        ("SE30 和 SE50 有什么区别？", "comparison", ("SE30", "SE50")),
        ("Which documents do I need for a library card?", "fact", ()),
        ("How long are documents kept?", "fact", ()),
        ("What does the sauna cost?", "fact", ()),
        ("", "fact", ()),
        ("x" * 1_000_000, "fact", ()),
    ],
)
def test_the_form_that_a_question_asks_for(question: str, form: str, subjects: tuple[str, ...]) -> None:
    assert read_form(question) == AskedForm(form, subjects)  # pyright: ignore[reportArgumentType]
