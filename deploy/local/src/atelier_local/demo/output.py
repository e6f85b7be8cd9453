"""Owns how the demonstration looks: headings, steps with a tick and their time, a progress bar, frames, columns."""

import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TextIO

WIDTH_MAX = 100
_WIDTH_MIN = 60
_BAR_CELLS = 32
_MARGIN = "  "

Tone = Literal["plain", "dim", "bold", "good", "bad", "warm", "accent", "violet"]

_CODES: dict[Tone, str] = {
    "plain": "",
    "dim": "2",
    "bold": "1",
    "good": "32",
    "bad": "31",
    "warm": "33",
    "accent": "36",
    "violet": "35",
}


@dataclass(slots=True)
class Step:
    """A step under way; `say` replaces its words by what came of it."""

    text: str

    def say(self, text: str) -> None:
        """What the step's line says in the end."""
        self.text = text


class Screen:
    """Lines of at most `width` characters on a terminal, or plain ones in a file."""

    def __init__(
        self, out: TextIO, *, live: bool, colour: bool, true_colour: bool = False, columns: int = WIDTH_MAX
    ) -> None:
        """`live` allows a line to change while it is the last one; `colour` allows ANSI colours.

        `true_colour` says that the terminal knows 24-bit colours too; pictures are shown then.
        """
        self.width = max(_WIDTH_MIN, min(columns, WIDTH_MAX))
        self._out = out
        self._live = live
        self._colour = colour
        self.true_colour = colour and true_colour
        self._began = time.monotonic()

    @property
    def elapsed_seconds(self) -> float:
        """Since the screen was opened."""
        return time.monotonic() - self._began

    def paint(self, text: str, tone: Tone) -> str:
        """The text in a tone, where colours are wanted."""
        code = _CODES[tone]
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code and text else text

    def line(self, text: str = "", tone: Tone = "plain") -> None:
        """One line as it is."""
        self._write(f"{self.paint(text, tone)}\n" if text else "\n")

    def heading(self, title: str, subtitle: str = "") -> None:
        """The beginning of a section."""
        self.line()
        rule = "─" * max(0, self.width - len(title) - 4)
        self._write(f"{self.paint('─', 'dim')} {self.paint(title, 'bold')} {self.paint(rule, 'dim')}\n")
        if subtitle:
            for row in textwrap.wrap(subtitle, self.width - 4):
                self.line(_MARGIN + row, "dim")
        self.line()

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """A step: its words while it lasts on a terminal, and one line with a tick and the time it took."""
        step = Step(text)
        began = time.monotonic()
        self.live(f"{_MARGIN}{self.paint('○', 'dim')} {shorten(text, self.width - 8)} …")
        try:
            yield step
        except BaseException:
            self._finish(step, "✗", "bad", time.monotonic() - began)
            raise
        self._finish(step, "✓", "good", time.monotonic() - began)

    def _finish(self, step: Step, mark: str, tone: Tone, seconds: float) -> None:
        took = f"{seconds:.2f} s"
        room = self.width - len(_MARGIN) - 2 - len(took) - 2
        text = shorten(step.text, room)
        dots = " " * (room - len(text))
        self.live("")
        self._write(f"{_MARGIN}{self.paint(mark, tone)} {text}{dots}  {self.paint(took, 'dim')}\n")

    def note(self, text: str, tone: Tone = "dim") -> None:
        """A remark below a step; folded where it is too long."""
        for row in textwrap.wrap(text, self.width - 4, break_on_hyphens=False):
            self.line(f"    {row}", tone)

    def happening(self, at_seconds: float, name: str, words: str) -> None:
        """Something that was told, at its moment."""
        self.live("")
        room = self.width - 4 - 8 - 2 - 16 - 2
        moment = self.paint(f"{at_seconds:6.2f} s", "dim")
        self._write(f"    {moment}  {self.paint(f'{name:<16}', 'accent')}  {shorten(words, room)}\n")

    def bar(self, progress: float, words: str, *, last: bool = False) -> None:
        """How far something is, from 0 to 1: in place on a terminal, else only when it is the `last` word."""
        full = round(min(max(progress, 0.0), 1.0) * _BAR_CELLS)
        drawn = self.paint("━" * full, "good") + self.paint("─" * (_BAR_CELLS - full), "dim")
        room = self.width - 4 - _BAR_CELLS - 10
        text = f"    {drawn} {progress * 100:4.0f} %  {self.paint(shorten(words, room), 'dim')}"
        self.live("" if last else text)
        if last:
            self._write(f"{text}\n")

    def live(self, text: str) -> None:
        """The line under way; the next one takes its place. Nothing where lines cannot change."""
        if self._live:
            self._write(f"\r\x1b[K{text}")

    def frame(self, title: str, rows: Iterable[str]) -> None:
        """Rows in a box. Rows may be painted; they are not folded."""
        inner = self.width - 4 - 4
        edge = self.paint("│", "dim")
        self._write(f"    {self.paint('╭─', 'dim')} {self.paint(title, 'bold')} ")
        self._write(self.paint("─" * (inner - len(title) - 1) + "╮", "dim") + "\n")
        for row in rows:
            padding = " " * max(0, inner - visible_length(row))
            self._write(f"    {edge} {row}{padding} {edge}\n")
        self._write(f"    {self.paint('╰' + '─' * (inner + 2) + '╯', 'dim')}\n")

    @property
    def frame_width(self) -> int:
        """Room for text in a frame."""
        return self.width - 8

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def visible_length(text: str) -> int:
    """How many characters are seen, colours aside."""
    length, inside = 0, False
    for character in text:
        if character == "\x1b":
            inside = True
        elif not inside:
            length += 1
        elif character == "m":
            inside = False
    return length


def shorten(text: str, room: int) -> str:
    """The text in one line of `room` characters, with an ellipsis where some are missing."""
    flat = " ".join(text.split())
    return flat if len(flat) <= room else flat[: max(0, room - 1)].rstrip() + "…"


def columns(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Rows of cells as lines; `align` has `<` or `>` for each column. Unpainted cells only."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(align))]
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)).rstrip()
        for row in rows
    ]
