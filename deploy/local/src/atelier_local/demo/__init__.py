"""Owns the demonstration: a customer's story on a running product, each promise checked as it is told."""

import os
import shutil
import sys

from atelier_local.demo.backstage import Backstage
from atelier_local.demo.cast import Cast
from atelier_local.demo.checks import DemoFailed
from atelier_local.demo.output import WIDTH_MAX, Screen
from atelier_local.demo.story import tell_story
from atelier_local.demo.studio import Studio
from atelier_local.demo.target import DemoTarget, RunningStack, target_of

__all__ = ["DemoTarget", "run", "target_of"]

_INTERRUPTED = 130


def run(stack: DemoTarget | RunningStack) -> int:
    """Tell the story on standard output; answers the exit status: 0, 1 with the reason told, 130 after Ctrl-C."""
    target = stack if isinstance(stack, DemoTarget) else target_of(stack, is_tty=sys.stdout.isatty())
    screen = _screen(target)
    try:
        with Studio(target.gateway_url) as studio, Backstage(target.sandbox_url) as backstage:
            tell_story(Cast(target, screen, studio, backstage))
    except KeyboardInterrupt:
        screen.live("")
        screen.line("\n  interrupted; faults are removed", "warm")
        return _INTERRUPTED
    except DemoFailed as problem:
        return _failed(screen, str(problem))
    screen.line()
    screen.line(f"  everything is as promised, in {screen.elapsed_seconds:.1f} s", "good")
    screen.line()
    return 0


def _failed(screen: Screen, reason: str) -> int:
    screen.line()
    screen.line(f"  ✗ {reason}", "bad")
    screen.line()
    return 1


def _screen(target: DemoTarget) -> Screen:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    live = target.is_tty and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((WIDTH_MAX, 24)).columns if target.is_tty else WIDTH_MAX
    return Screen(
        sys.stdout,
        live=live,
        colour=live and not os.environ.get("NO_COLOR"),
        true_colour=os.environ.get("COLORTERM") in ("truecolor", "24bit"),
        columns=columns - 1 if live else columns,
    )
