"""Owns what is looked up behind the scenes after a job: calls that cost money, the mail, the trace."""

import time
from collections import Counter
from collections.abc import Sequence

from atelier_local.demo.cast import Cast
from atelier_local.demo.checks import DemoFailed, expect, wait_for
from atelier_local.demo.mail import mail_rows
from atelier_local.demo.output import Tone
from atelier_local.demo.receipt import Job
from atelier_local.demo.trace_tree import Node, TraceBroken, build_tree, duration_text, prune, span_seconds, tree_rows

_MAIL_SECONDS_MAX = 15.0
_TRACE_SECONDS_MAX = 10.0
_TRACE_QUIET_SECONDS = 0.7
"""Longer than any process waits before it exports its spans."""

_TONES: dict[str, Tone] = {
    "gateway": "accent",
    "billing": "warm",
    "generation": "good",
    "notifier": "violet",
}
_PROCESSES = frozenset(_TONES)
_MAIL_SPAN = "smtp send"
_BUYING = {"openai": "images.generate", "replicate": "predictions.create"}


def check_calls(cast: Cast, prompt: str, job: Job, mark: int) -> None:
    """The vendors' own counts of calls after `mark` must match the receipt: asked as often, paid at most once."""
    told = Counter(attempt["provider"] for attempt in job["attempts"])
    vendors = [vendor for vendor in _BUYING if cast.has(vendor)]
    if not vendors:
        return
    with cast.screen.step("comparing with the vendors' own counts") as step:
        counts = []
        for vendor in vendors:
            calls = [
                call for call in cast.backstage.calls(vendor, _BUYING[vendor], mark) if prompt in str(call["body"])
            ]
            paid = sum(1 for call in calls if call["status"] in (200, 201) and not call["fault_id"])
            expect(len(calls) == told[vendor], f"{vendor} counts {len(calls)} calls, the receipt {told[vendor]}")
            ok = sum(1 for a in job["attempts"] if a["provider"] == vendor and a["outcome"] == "ok")
            expect(paid == ok, f"{vendor} was paid {paid} times, the receipt says {ok}")
            counts.append(f"{vendor} {len(calls)} asked, {paid} paid")
        step.say(f"the vendors' own counts agree: {'; '.join(counts)}")


def show_mail(cast: Cast, job: Job) -> None:
    """Exactly one mail about the job, with the right words."""
    screen = cast.screen
    if not cast.has("smtp"):
        screen.note("left out: mail goes to a real server here", "warm")
        return
    with screen.step("waiting for the mail") as step:
        about = str(job["id"])
        mails = wait_for("the mail", lambda: cast.backstage.mails(cast.email, about) or None, _MAIL_SECONDS_MAX)
        cast.mails_due += 1
        subject, text = mails[0]["subject"], mails[0]["text"]
        ready = job["status"] == "succeeded"
        wanted = "your work is ready" if ready else "we could not finish your work"
        expect(wanted in subject, f"the mail's subject is “{subject}”")
        words = f"Charged: {job['charge']['charged']} credits" if ready else "Your 5 credits are back in your account"
        expect(words in text, f"the mail does not say “{words}”")
        step.say("the mail has come")
    screen.line()
    screen.frame("mail", mail_rows(mails[0], screen.frame_width))
    screen.line()


def show_trace(cast: Cast, trace_id: str, job: Job, *, whole: bool) -> None:
    """Prove that the trace is one tree through all processes and draw it."""
    screen = cast.screen
    if not trace_id or not cast.has("traces"):
        screen.note("left out: the trace is not kept here or does not come to the sandbox", "warm")
        return
    with screen.step("waiting for the whole trace") as step:
        root = _whole_trace(cast, trace_id)
        nodes = list(root.walk())
        expect(root.name.startswith("POST "), f"the trace begins with {root.service}: {root.name}")
        absent = _PROCESSES - {node.service for node in nodes}
        expect(not absent, f"no span came from {', '.join(sorted(absent))}")
        sent = sum(1 for node in nodes if node.name == _MAIL_SPAN)
        expect(sent == 1, f"the trace has {sent} mails instead of one")
        _check_call_spans(nodes, job)
        took = duration_text(span_seconds(nodes))
        step.say(f"one trace, one tree: {len(nodes)} spans of {len(_PROCESSES)} processes from POST to mail in {took}")
    screen.note(f"trace {trace_id}")
    shown = root if whole else prune(root, _worth_showing)
    if shown is None:
        raise DemoFailed("the trace has nothing to show")
    if not whole:
        screen.note("what led to the mail, and the worker's part:")
    screen.line()
    head, *rows = tree_rows(shown, screen.width - 4)
    screen.line(f"    {head}", "dim")
    for row in rows:
        service = screen.paint(row.service, _TONES.get(row.service.strip(), "plain"))
        screen.line(f"    {service}{row.tree}{screen.paint(row.figures, 'dim')}")


def _check_call_spans(nodes: Sequence[Node], job: Job) -> None:
    """Every call of a provider on the receipt has its span."""
    models = Counter(f"{attempt['provider']}/{attempt['model']}" for attempt in job["attempts"])
    for model, calls in models.items():
        spans = sum(1 for node in nodes if node.name.endswith(f" {model}"))
        expect(spans == calls, f"the trace shows {spans} calls of {model}, the receipt {calls}")


def _worth_showing(node: Node) -> bool:
    return node.name == _MAIL_SPAN or (node.service == "generation" and not node.name.startswith("process "))


def _whole_trace(cast: Cast, trace_id: str) -> Node:
    """Wait for the mail's span, then until nothing more comes.

    Raises:
        TraceBroken: what has come by then is not one tree.
    """
    deadline = time.monotonic() + _TRACE_SECONDS_MAX
    count, since, problem = 0, time.monotonic(), f"{_MAIL_SPAN!r} is missing in the trace {trace_id}"
    while time.monotonic() < deadline:
        spans = cast.backstage.trace(trace_id)
        if len(spans) != count:
            count, since = len(spans), time.monotonic()
        quiet = time.monotonic() - since > _TRACE_QUIET_SECONDS
        if quiet and any(span["name"] == _MAIL_SPAN for span in spans):
            try:
                return build_tree(spans)
            except TraceBroken as error:
                problem = f"{error} (trace {trace_id})"
        time.sleep(0.05)
    raise TraceBroken(problem)
