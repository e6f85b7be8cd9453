"""What the files themselves promise: well formed, complete, no code outside of modules, no way from data to markup."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.pages.files import read_static_files

FILES = read_static_files()
DOCUMENTS = sorted(name for name in FILES if name.endswith(".html"))
MODULES = sorted(name for name in FILES if name.endswith(".js"))
GZIPPED_BYTES_MAX = 43_500
VOID = {"meta", "link", "img", "br", "input", "hr"}
SINKS = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.srcdoc|setHTML")
IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./([a-z_]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class|let) (\w+)", re.MULTILINE)
NODE = shutil.which("node")
PARSE = """
const { readFileSync } = require("node:fs");
const { SourceTextModule } = require("node:vm");
for (const name of process.argv.slice(1)) {
  new SourceTextModule(readFileSync(name, "utf8"), { identifier: name });
  console.log(name);
}
"""


class Document(HTMLParser):
    """Collects what a document holds and insists that its elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def references(self) -> Iterator[str]:
        for _, attributes in self.elements:
            for name in ("src", "href"):
                if value := attributes.get(name):
                    yield value


def text_of(name: str) -> str:
    return FILES[name].body.decode()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_well_formed_and_can_be_used_by_everybody(name: str) -> None:
    document = Document(text_of(name))

    assert document.open == []
    tags = [tag for tag, _ in document.elements]
    assert tags.count("main") == tags.count("title") == 1
    assert dict(document.elements)["html"].get("lang")
    assert all("alt" in attributes for tag, attributes in document.elements if tag == "img")
    assert any(attributes.get("aria-live") == "polite" for _, attributes in document.elements)
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_hold_no_code_or_style_of_their_own(name: str) -> None:
    document = Document(text_of(name))

    for tag, attributes in document.elements:
        assert tag != "style"
        assert not [attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")]
        if tag == "script":
            assert attributes.get("type") == "module"
            assert attributes.get("src")
    assert not re.search(r"<script[^>]*>[^<]", text_of(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_all_that_a_document_refers_to_exists(name: str) -> None:
    for reference in Document(text_of(name)).references():
        if reference.startswith("/pages/"):
            assert reference.removeprefix("/pages/") in FILES
        else:
            assert reference in {"/", "#main"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_fetches_all_its_modules_at_once(name: str) -> None:
    preloaded = {reference.removeprefix("/pages/") for reference in Document(text_of(name)).references()}
    needed, todo = set[str](), [name.replace(".html", ".js")]
    while todo:
        module = todo.pop()
        if module not in needed:
            needed.add(module)
            todo.extend(source for _, source in IMPORT.findall(text_of(module)))

    assert {item for item in preloaded if item.endswith(".js")} == needed


@pytest.mark.parametrize("name", MODULES)
def test_modules_import_what_is_there(name: str) -> None:
    text = text_of(name)
    imports = IMPORT.findall(text)

    assert len(imports) == len(re.findall(r"^import\b", text, re.MULTILINE))
    for names, source in imports:
        wanted = {item.strip() for item in names.split(",")}
        assert wanted <= set(EXPORT.findall(text_of(source))), source
        assert all(len(re.findall(rf"\b{item}\b", text)) > 1 for item in wanted), f"unused import from {source}"


@pytest.mark.parametrize("name", MODULES)
def test_modules_say_what_they_own_and_make_no_markup_from_data(name: str) -> None:
    text = text_of(name)

    assert text.startswith("// ")
    assert SINKS.findall(text) == []


def test_every_text_that_is_asked_for_is_there_in_both_languages() -> None:
    texts = text_of("texts.js")
    english, french = (_keys(texts, name) for name in ("EN", "FR"))
    used = {key for name in MODULES for key in re.findall(r'\bt\("([a-z_]+)"', text_of(name))}

    assert english <= french
    assert {key for key in used if key not in english and f"{key}.other" not in english} == set()
    assert all(key.startswith("problem.") for key in french - english)  # else the API's own words are shown


def _keys(texts: str, name: str) -> set[str]:
    block = texts.split(f"const {name} = {{")[1].split("\n};")[0]
    return {quoted or plain for quoted, plain in re.findall(r'(?:"([\w.]+)"|\b(\w+)): "', block)}


def test_the_look_minds_dark_paper_and_calm() -> None:
    css = text_of("studio.css")

    for query in ("prefers-color-scheme: dark", "prefers-reduced-motion: reduce", "@media print", ":focus-visible"):
        assert query in css
    assert css.count("{") == css.count("}")
    assert "@import" not in css
    assert "url(" not in css


def test_everything_together_stays_small() -> None:
    assert sum(len(file.gzipped) for file in FILES.values()) < GZIPPED_BYTES_MAX


@pytest.mark.skipif(NODE is None, reason="node is not installed; it is what checks JavaScript's syntax")
def test_modules_parse(tmp_path: Path) -> None:
    for name in MODULES:
        (tmp_path / name).write_bytes(FILES[name].body)

    checked = subprocess.run(
        [str(NODE), "--no-warnings", "--experimental-vm-modules", "-e", PARSE, *MODULES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.split() == MODULES
