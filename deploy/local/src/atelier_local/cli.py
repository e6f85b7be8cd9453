"""Owns the command line: `python -m atelier_local up | down | status | demo | memory | run | clean`."""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from atelier_local.home import Home, HomeError, resolve_home
from atelier_local.login import ensure_demo_login
from atelier_local.memory import measure
from atelier_local.processes import from_json, product
from atelier_local.stack import Stack, StackError
from atelier_local.state import RunState
from atelier_local.supervisor import Options, Supervisor

PREFERRED_PORTS = {"gateway": 8000}
_DEMO = "atelier_local.demo"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    home = resolve_home(os.environ)
    try:
        return int(parsed.command(home, parsed))
    except (HomeError, StackError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def say(line: str) -> None:
    """Print a line at once; a terminal that has gone is no reason to fail."""
    with suppress(OSError):
        print(line, flush=True)


def _up(home: Home, parsed: argparse.Namespace) -> int:
    if parsed.detach:
        return _up_detached(home, parsed.workers)
    if home.is_running():
        say(f"already running in {home.path}")
        return 1
    say("starting (Ctrl-C stops everything)")
    options = Options(PREFERRED_PORTS, with_parent=parsed.with_parent, on_ready=partial(_announce, home))
    return Supervisor(home, product(workers=parsed.workers), os.environ, say, options).run()


def _up_detached(home: Home, workers: int) -> int:
    stack = Stack(home, workers=workers, preferred_ports=PREFERRED_PORTS)
    if not home.is_running():
        stack.start(with_parent=False)
    stack.wait_ready()
    if state := stack.state():
        _announce(home, state)
    return 0


def _announce(home: Home, state: RunState) -> None:
    gateway, sandbox = state.urls.get("gateway"), state.urls.get("sandbox")
    say(f"logs       {home.logs}")
    if sandbox:
        say(f"sandbox    {sandbox}/   mail, vendors' requests, traces, faults")
    if gateway:
        say(f"API        {gateway}/docs")
        say(f"gateway    {gateway}")
        if login := ensure_demo_login(home, gateway):
            say(f"demo login {login[0]} / {login[1]}")
    say("ready")


def _down(home: Home, _parsed: argparse.Namespace) -> int:
    running = home.is_running()
    Stack(home).stop()
    say("stopped" if running else "nothing was running")
    return 0


def _status(home: Home, _parsed: argparse.Namespace) -> int:
    state = Stack(home).state() if home.is_running() else None
    if state is None:
        say(f"not running in {home.path}")
        return 1
    say(state.phase)
    for name, process in state.processes.items():
        condition = "ready" if process.ready else "waiting"
        address = "" if name in ("postgres", "valkey") else state.urls.get(name, "")
        say(f"{name:<12}{process.pid or '-':>8}  {condition:<8}{process.restarts:>3} restarts  {address}".rstrip())
    return 0


def _demo(home: Home, _parsed: argparse.Namespace) -> int:
    try:
        demo = importlib.import_module(_DEMO)
    except ModuleNotFoundError as error:
        if error.name != _DEMO:
            raise
        say("there is no demonstration yet")
        return 1
    stack = Stack(home, preferred_ports=PREFERRED_PORTS)
    if home.is_running():
        stack.wait_ready()
        return int(demo.run(stack))
    say("starting")
    try:
        stack.start()
        return int(demo.run(stack))
    except KeyboardInterrupt:
        return 130
    finally:
        stack.stop()


def _memory(home: Home, _parsed: argparse.Namespace) -> int:
    state = Stack(home).state() if home.is_running() else None
    if state is None:
        say(f"not running in {home.path}")
        return 1
    try:
        shares = measure(state)
    except OSError as error:
        say(f"memory cannot be measured here: {error}")
        return 1
    for share in shares:
        say(f"{share.name:<12}{share.processes:>4} processes {share.pss_kib / 1024:>8.1f} MiB")
    total = sum(share.pss_kib for share in shares) / 1024
    say(f"{'sum':<12}{sum(share.processes for share in shares):>4} processes {total:>8.1f} MiB (PSS)")
    return 0


def _run(home: Home, parsed: argparse.Namespace) -> int:
    """A service's one-off role in the environment of what is running; without that, in the caller's own."""
    state = Stack(home).state() if home.is_running() else None
    if state is None and not os.environ.get("DATABASE_URL"):
        say(f"not running in {home.path}: start it with `make up`, or set DATABASE_URL and what the service needs")
        return 1
    environment = {**os.environ, **(state.environment if state else {})}
    command = [sys.executable, "-m", parsed.service, parsed.role]
    return subprocess.run(command, env=environment, check=False).returncode


def _clean(home: Home, _parsed: argparse.Namespace) -> int:
    if home.path.exists():
        Stack(home).destroy()
    return 0


def _supervise(home: Home, parsed: argparse.Namespace) -> int:
    content = json.loads(Path(parsed.plan).read_text(encoding="utf-8"))
    options = Options(content["preferred_ports"], content["preload"], with_parent=parsed.with_parent)
    return Supervisor(home, from_json(content), os.environ, say, options).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atelier_local", description="Everything on one machine.")
    commands = parser.add_subparsers(required=True, metavar="command")
    up = commands.add_parser("up", help="start everything and stay in the foreground")
    up.add_argument("--detach", action="store_true", help="return when everything is ready")
    up.add_argument("--workers", type=int, default=0, help="how many worker processes (0: generation works itself)")
    up.add_argument("--with-parent", action="store_true", help="stop when the starting process ends")
    up.set_defaults(command=_up)
    for name, command, text in (
        ("down", _down, "stop everything"),
        ("status", _status, "show what is running"),
        ("demo", _demo, "show the product at work; stops what it started"),
        ("memory", _memory, "show the memory of every process"),
        ("clean", _clean, "stop everything and delete all local data"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)
    run = commands.add_parser("run", help="run a role of a service that ends by itself, such as `billing reconcile`")
    run.add_argument("service")
    run.add_argument("role")
    run.set_defaults(command=_run)
    supervise = commands.add_parser("supervise", help="run a written plan (for tests)")
    supervise.add_argument("plan")
    supervise.add_argument("--with-parent", action="store_true")
    supervise.set_defaults(command=_supervise)
    return parser
