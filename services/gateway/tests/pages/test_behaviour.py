"""What the pages' rules do, run by node where it is installed: a job only moves forward, a stream loses nothing."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.pages.files import read_static_files

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed; it is what runs the pages' modules")
GLOBALS = (
    "globalThis.localStorage = { getItem: () => null, removeItem: () => {} }; globalThis.addEventListener = () => {};"
)
CHARGE = {"price": 5, "held": 0, "charged": 0, "returned": 0, "settled": False}
JOB = {"id": "job_1", "kind": "k", "status": "submitted", "progress": 0, "charge": CHARGE, "started_at": None}


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("modules")
    (place / "package.json").write_text('{"type": "module"}')
    for name, file in read_static_files().items():
        (place / name).write_bytes(file.body)
    return place


def run(modules: Path, script: str, **values: Any) -> Any:
    """The `result` that a script comes to; `values` are constants in it."""
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    program = f"{GLOBALS}\n{constants}{script}\nconsole.log(JSON.stringify(result));"
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", program],
        cwd=modules,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def event(kind: str, **facts: Any) -> dict[str, Any]:
    return {"type": kind, "job_id": "job_1", "occurred_at": "2026-01-01T00:00:00Z", **facts}


STARTED = event("job.started")
PROGRESS = event("job.progress", progress=0.4, message="drawing", preview_url=None)
SUCCEEDED = event("job.succeeded", result={"n": 1}, finished_at="2026-01-01T00:01:00Z")
CHARGED = event("job.charged", captured_credits=5, released_credits=0)
FOLD = """
const { withEvent, isSettled } = await import("./job_state.js");
const end = events.reduce(withEvent, job);
const result = { ...end, over: isSettled(end) };
"""


def test_addresses_that_have_lapsed_are_asked_for_again(modules: Path) -> None:
    """Once, all of them, wherever they stand; what works still, and what is no file, stays as it is."""
    lapsed = {"url": "old", "url_expires_at": "2026-01-01T00:00:00Z", "width": 4}
    good = {"id": "c", "url": "good", "url_expires_at": "2999-01-01T00:00:00Z"}
    script = """
    const { withFreshLinks } = await import("./links.js");
    let asked = 0;
    const ask = async () => (asked += 1, { items: files });
    const away = async () => { throw new TypeError("away"); };
    const [fresh, untouched] = [await withFreshLinks(job, ask), await withFreshLinks(files, ask)];
    const result = [fresh, untouched, await withFreshLinks(job, away), asked];
    """
    job = {"pages": [{"a": lapsed | {"id": "a"}}], "b": lapsed | {"id": "b"}, "text": "t", "none": None}
    files = [{"id": "a", "url": "new", "url_expires_at": "2999-01-01T00:00:00Z"}, good]

    fresh, untouched, offline, asked = run(modules, script, job=job, files=files)

    renewed = {"id": "a", "url": "new", "url_expires_at": "2999-01-01T00:00:00Z", "width": 4}
    assert fresh == job | {"pages": [{"a": renewed}]}
    assert (untouched, offline, asked) == (files, job, 1)


@pytest.mark.parametrize(
    "events",
    [
        [STARTED, PROGRESS, SUCCEEDED, CHARGED],
        [CHARGED, SUCCEEDED, PROGRESS, STARTED],
        [SUCCEEDED, STARTED, CHARGED, PROGRESS, event("job.failed", code="X", detail="late")],
    ],
)
def test_a_job_comes_to_the_same_end_in_any_order_of_events(modules: Path, events: list[dict[str, Any]]) -> None:
    end = run(modules, FOLD, job=JOB, events=events)

    assert (end["status"], end["progress"], end["result"], end["over"]) == ("succeeded", 1, {"n": 1}, True)
    assert (end["charge"]["charged"], end["charge"]["settled"]) == (5, True)


def test_an_answer_older_than_the_events_takes_nothing_back(modules: Path) -> None:
    script = """
    const { withEvent, withSnapshot } = await import("./job_state.js");
    const ahead = events.reduce(withEvent, job);
    const seen = [withSnapshot(ahead, job), withSnapshot(ahead, late), withSnapshot(null, job)];
    const result = seen.map(({ status, charge }) => [status, charge.settled]);
    """
    late = {**JOB, "status": "succeeded", "progress": 1}

    seen = run(modules, script, job=JOB, late=late, events=[STARTED, SUCCEEDED, CHARGED])

    assert seen == [["succeeded", True], ["succeeded", True], ["submitted", False]]


STREAM = (
    ": connected\nretry: 1500\n\n"
    'id: 7\r\nevent: job.started\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    ": heartbeat\n\n"
    "id: 8\ndata: x\n\n"
    "id: 9\ndata: cut"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_reads_events_whatever_the_pieces_they_come_in(modules: Path, size: int) -> None:
    script = """
    const { parser } = await import("./events.js");
    const result = { events: [], retry: null };
    const feed = parser((event) => result.events.push(event), (ms) => (result.retry = ms));
    for (let at = 0; at < stream.length; at += size) feed(stream.slice(at, at + size));
    """

    read = run(modules, script, stream=STREAM, size=size)

    assert read["retry"] == 1500
    assert read["events"] == [
        {"id": "7", "type": "job.started", "data": '{"a":\n1}'},
        {"id": "8", "type": "message", "data": "x"},
    ]


def test_prices_follow_the_field_that_the_kind_names(modules: Path) -> None:
    script = """
    const { priceOf } = await import("./work.js");
    const kind = { price: { base_credits: 2, by_field: "scale", credits_by_value: { 4: 4 } } };
    const flat = { price: { base_credits: 5, by_field: null, credits_by_value: {} } };
    const book = { price: { ...flat.price, credits_with_member: { reroll: 3 } } };
    const sized = [{ scale: 4 }, { scale: 2 }, {}].map((input) => priceOf(kind, input));
    const result = [...sized, priceOf(flat, {}), priceOf(book, { reroll: {} }), priceOf(book, {})];
    """

    assert run(modules, script) == [4, 2, 2, 5, 3, 5]


def test_things_with_pictures_are_shown_as_an_album_and_others_as_a_table(modules: Path) -> None:
    script = """
    const made = [];
    globalThis.location = { href: "https://studio.example/", origin: "https://studio.example" };
    globalThis.document = { createElement: (tag) => {
      const node = { tag, style: {}, dataset: {}, classList: { add() {} } };
      for (const name of ["setAttribute", "append", "addEventListener", "replaceChildren"]) node[name] = () => {};
      made.push(node);
      return node;
    }, createTextNode: (text) => text };
    const { resultView } = await import("./result.js");
    const file = { url: "https://files.example/a.png", media_type: "image/png", width: 2, height: 3, size_bytes: 5 };
    resultView({ pages: [{ number: 7, caption: "Night", line_art: file, coloured: file }], rows: [{ a: 1 }] }, "Book");
    const count = (tag) => made.filter((node) => node.tag === tag).length;
    const result = { pictures: count("img"), tables: count("table"), headings: count("h3") };
    """

    assert run(modules, script) == {"pictures": 2, "tables": 1, "headings": 1}


def test_schemas_are_read_through_references_and_null(modules: Path) -> None:
    script = """
    const { resolve } = await import("./schema_fields.js");
    const root = { $defs: { Style: { title: "Style", enum: ["a"] }, Loop: { $ref: "#/$defs/Loop" } } };
    const result = [
      resolve({ $ref: "#/$defs/Style", default: "a" }, root),
      resolve({ anyOf: [{ type: "string", maxLength: 5 }, { type: "null" }], default: null }, root),
      resolve({ $ref: "#/$defs/Loop" }, root),
    ];
    """

    assert run(modules, script) == [
        {"enum": ["a"], "default": "a"},
        {"type": "string", "maxLength": 5, "default": None},
        {},
    ]


LINK_PAGE = """
const made = [];
const element = (tag) => {
  const node = { tag, dataset: {}, attributes: {}, listeners: {}, children: [], value: "a new password" };
  node.setAttribute = (name, value) => (node.attributes[name] = value);
  node.removeAttribute = (name) => delete node.attributes[name];
  node.addEventListener = (name, listener) => (node.listeners[name] = listener);
  node.append = (...children) => node.children.push(...children);
  node.replaceChildren = (...children) => (node.children = children);
  node.focus = () => {};
  made.push(node);
  return node;
};
const places = { main: element("main"), top: element("header"), skip: element("a"), announcements: element("p") };
globalThis.document = { createElement: element, documentElement: {}, getElementById: (id) => places[id] };
globalThis.location = { pathname: path, hash, origin: "http://gateway" };
globalThis.history = { replaceState: (_state, _title, address) => { location.hash = ""; result.address = address; } };
globalThis.fetch = async (url, { body }) => {
  result.sent.push([url, JSON.parse(body)]);
  return status === 204 ? new Response(null, { status }) : Response.json(problem, { status });
};
const result = { sent: [], address: null };
await import("./link.js");
result.unasked = result.sent.length;
const form = made.find(({ tag }) => tag === "form");
await form?.listeners.submit({ preventDefault() {} });
result.alert = made.find(({ attributes }) => attributes.role === "alert")?.textContent ?? null;
result.said = places.announcements.textContent ?? null;
"""
LINK = {"hash": "#token=atl_link_a.b", "status": 204, "problem": None}


@pytest.mark.parametrize(
    ("path", "address", "more"),
    [
        ("/verify", "/v1/users/verification", {}),
        ("/email", "/v1/users/email-change", {}),
        ("/reset", "/v1/password-resets/confirm", {"password": "a new password"}),
    ],
)
def test_a_mailed_link_is_used_only_when_asked_and_leaves_no_token_in_the_address(
    modules: Path, path: str, address: str, more: dict[str, str]
) -> None:
    seen = run(modules, LINK_PAGE, **LINK, path=path)

    assert (seen["unasked"], seen["address"]) == (0, path)
    assert seen["sent"] == [[address, {"token": "atl_link_a.b", **more}]]
    assert seen["said"]


def test_a_mailed_link_that_is_spent_or_cut_says_so(modules: Path) -> None:
    refusal = {"code": "VALIDATION_FAILED", "detail": "x", "errors": [{"pointer": "/body/token", "detail": "x"}]}

    spent = run(modules, LINK_PAGE, **{**LINK, "status": 422, "problem": refusal}, path="/verify")
    cut = run(modules, LINK_PAGE, **{**LINK, "hash": ""}, path="/verify")

    assert "not valid any more" in spent["alert"]
    assert (cut["sent"], "incomplete" in cut["said"]) == ([], True)


DRAWN = """
globalThis.location = { origin: "https://studio.example" };
globalThis.document = { createElement: (tag) => ({
  tag, children: [], attributes: {}, append(...children) { this.children.push(...children); },
  setAttribute(name, value) { this.attributes[name] = value; }, addEventListener() {},
}) };
const { resultView } = await import("./result.js");
const lines = [];
const walk = ({ tag, textContent, children = [] }) => {
  if (textContent) lines.push([tag, textContent]);
  children.forEach(walk);
};
walk(resultView(report, "Report"));
const result = lines;
"""


def test_a_report_is_drawn_with_headings_and_its_words_as_words(modules: Path) -> None:
    report = {
        "title": "Report",
        "pdf": {"url": "https://cdn.example/r.pdf", "media_type": "application/pdf", "size_bytes": 9000},
        "parts": [
            {
                "title": "First analysis",
                "sections": [{"heading": "A portrait", "paragraphs": ["<b>You</b> listen.", "You hold on."]}],
                "points_title": "Strengths",
                "points": ["Patience"],
                "provider": "openai",
                "model": "m",
            }
        ],
        "schools": [{"name": "A school", "why": "near"}],
        "markdown": "# Report",
    }

    drawn = run(modules, DRAWN, report=report)

    first = drawn.index(["h2", "First analysis"])
    assert drawn[first + 1 : first + 6] == [
        ["h3", "A portrait"], ["p", "<b>You</b> listen."], ["p", "You hold on."],
        ["h3", "Strengths"], ["li", "Patience"],
    ]  # fmt: skip
    assert ["pre", "# Report"] in drawn
    assert ["a", "Download"] in drawn
    assert "openai" not in str(drawn)
