"""Owns the order of the chapters and the summary."""

from collections.abc import Sequence

from atelier_local.demo.backstage import Fault
from atelier_local.demo.cast import Cast
from atelier_local.demo.checks import expect
from atelier_local.demo.commission import PRICE_CREDITS, Commission, Told, tell
from atelier_local.demo.customer import GREETING_CREDITS, buy_credits, sign_up
from atelier_local.demo.output import columns
from atelier_local.demo.receipt import cost_microusd, credits_text, dollars, duration_seconds

_TURNED_AWAY = {"retry_after": 1}
"""429 with Retry-After: the router obeys, tries again and moves on; no circuit is left open behind us."""

_FAULTS: dict[str, Fault] = {
    "openai": {"vendor": "openai", "operation": "images.generate", "times": None, "fault": _TURNED_AWAY},
    "replicate": {"vendor": "replicate", "operation": "predictions.create", "times": None, "fault": _TURNED_AWAY},
}

_STORY: tuple[tuple[Commission, tuple[str, ...]], ...] = (
    (
        Commission(
            title="A picture",
            subtitle="OpenAI is asked first and answers.",
            prompt="A lighthouse at dusk, seen from the sea",
            style="vintage",
            answered_by="openai",
            asked=("openai",),
            whole_trace=True,
        ),
        (),
    ),
    (
        Commission(
            title="OpenAI fails",
            subtitle="It answers every call with 429. The router waits as told, gives up on it, and asks Replicate.",
            prompt="A lighthouse in a storm, waves over the rocks",
            style="bold",
            answered_by="replicate",
            asked=("openai", "replicate"),
        ),
        ("openai",),
    ),
    (
        Commission(
            title="Everybody fails",
            subtitle="Replicate turns us away too. The job fails, and the credits go back by themselves.",
            prompt="A lighthouse under the northern lights",
            style="minimal",
            answered_by=None,
            asked=("openai", "replicate"),
        ),
        ("openai", "replicate"),
    ),
)


def tell_story(cast: Cast) -> None:
    """All chapters, then the books.

    Raises:
        DemoFailed: something is not as promised.
    """
    cleared = cast.backstage.clear_leftovers()
    if cleared:
        cast.screen.note(f"faults left in the sandbox from before were removed: {cleared}", "warm")
    buy_credits(cast, sign_up(cast))
    bought = cast.balance_credits - GREETING_CREDITS
    told = [told for commission, broken in _STORY if (told := _chapter(cast, commission, broken))]
    _close_the_books(cast, bought, told)


def _chapter(cast: Cast, commission: Commission, broken: tuple[str, ...]) -> Told | None:
    cast.screen.heading(commission.title, commission.subtitle)
    if not cast.has(*broken):
        real = ", ".join(vendor for vendor in broken if not cast.has(vendor))
        cast.screen.note(f"left out: {real} is real here and cannot be made to fail", "warm")
        return None
    if cast.balance_credits < PRICE_CREDITS:
        cast.screen.note("left out: there are no credits for it, for none could be bought", "warm")
        return None
    with cast.backstage.failing([_FAULTS[vendor] for vendor in broken]):
        return tell(cast, commission)


def _close_the_books(cast: Cast, bought: int, told: Sequence[Told]) -> None:
    screen = cast.screen
    screen.heading("The books")
    charged = sum(one.job["charge"]["charged"] for one in told)
    with screen.step("GET /v1/credits") as step:
        expect(GREETING_CREDITS + bought - charged == cast.balance_credits, "our own sums do not agree")
        cast.check_balance()
        sum_text = f"{GREETING_CREDITS} greeting + {bought} bought − {charged} charged"
        step.say(f"GET /v1/credits adds up: {sum_text} = {credits_text(cast.balance_credits)}")
    if cast.has("smtp"):
        with screen.step("counting the mails") as step:
            came, due = len(cast.backstage.mails(cast.email)), cast.mails_due
            expect(came == due, f"{came} mails came instead of {due}")
            step.say(f"{came} mails came, each once")
    screen.line()
    head, *rows = columns([_SUMMARY_HEAD, *(_summary_row(one) for one in told)], "<<>>>>>>")
    screen.line(f"    {head}", "dim")
    for row in rows:
        screen.line(f"    {row}")


_SUMMARY_HEAD = ("chapter", "answered", "calls", "held", "captured", "returned", "cost", "took")


def _summary_row(told: Told) -> tuple[str, ...]:
    job, charge = told.job, told.job["charge"]
    return (
        told.commission.title,
        told.commission.answered_by or "nobody",
        str(len(job["attempts"])),
        str(charge["held"]),
        str(charge["charged"]),
        str(charge["returned"]),
        dollars(cost_microusd(job)),
        f"{duration_seconds(job):.2f} s",
    )
