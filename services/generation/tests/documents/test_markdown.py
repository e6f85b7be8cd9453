"""Documents as Markdown: a renderer shows the words that were written and nothing else, whoever wrote them."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from generation.documents.content import Column, Cover, Document, Facts, Heading, Items, Paragraph, Span, Table
from generation.documents.markdown import escaped, to_markdown

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
GITHUB_ADDRESS = re.compile(r"(?i)(?<![\\a-z0-9])(?:https?://|ftp://|www\.)\S|\S(?<!\\)@\S")
HOSTILE = [
    "# no heading", "- no list", "1. none either", "2) nor this", "> no quote", "```no code", "~~~", "---", "===",
    "<script>alert(1)</script>", '<img src="http://127.0.0.1/x">', "[here](javascript:alert(1))", "+ plus", ": term",
    "![x](http://e.example)", "http://evil.example and www.evil.example", "<http://evil.example>", "me@evil.example",
    "*a* _b_ **c** ~~d~~ `e`", "&lt;b&gt; &#60;", "a | b | c", "[x]: http://evil.example", "$x$ :smile: \\*", "a\\",
    "line one\n# line two\n\n- line three", "right-to-left \u202egnp.exe", "\tcode", "[^1] note", "<!-- x -->",
    "2026. A year",
]  # fmt: skip


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(markdown: str) -> _Seen:
    seen = _Seen()
    seen.feed(GITHUB.render(markdown))
    seen.close()
    return seen


def shown(words: str) -> str:
    kept = "".join(sign for sign in words if sign not in "\u202e")
    return " ".join(kept.split())


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_words(words: str) -> None:
    for markdown, tags in (
        (escaped(words), {"p"}),
        (to_markdown(Document(title="t", language="en", blocks=[Items(items=[words])])), {"ul", "li"}),
    ):
        seen = rendered(markdown)
        assert seen.tags == tags, markdown
        assert shown(seen.text) == shown(words)
        assert not GITHUB_ADDRESS.search(markdown), "nothing that GitHub would link"


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"]), max_size=60)
)
def test_any_words_come_back_from_a_renderer(words: str) -> None:
    seen = rendered(escaped(words))
    assert seen.tags <= {"p"}
    assert shown(seen.text) == shown(words)


def test_a_whole_document_has_its_parts() -> None:
    document = Document(
        title="t",
        language="fr",
        blocks=[
            Cover(title="Un *rapport*", subtitle="pour elle"),
            Heading(text="Première analyse", level=1),
            Heading(text="Ce qui ressort", level=2),
            Paragraph(text="Une phrase."),
            Items(items=[[Span(text="BTS", bold=True), Span(text="à Lyon")], "autre"], ordered=True),
            Facts(pairs=[("Âge", "16")]),
            Table(columns=[Column(title="École"), Column(title="Ville")], rows=[["IUT | 2", "Nice"]]),
        ],
    )

    markdown = to_markdown(document)

    assert markdown == (
        "# Un \\*rapport\\*\n\npour elle\n\n## Première analyse\n\n### Ce qui ressort\n\nUne phrase.\n\n"
        "1. **BTS** à Lyon\n2. autre\n\n- **Âge** 16\n\n| École | Ville |\n| --- | --- |\n| IUT \\| 2 | Nice |\n"
    )
    assert rendered(markdown).tags >= {"h1", "h2", "h3", "p", "ol", "li", "strong", "ul", "table", "td"}
