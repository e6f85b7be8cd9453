"""How lines look on a terminal and in a file."""

import io

import pytest

from atelier_local.demo.mail import mail_rows
from atelier_local.demo.output import Screen, columns, shorten, visible_length


def plain() -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(out, live=False, colour=False), out


def everything(screen: Screen) -> None:
    screen.heading("A title", "What it is about, " * 12)
    with screen.step("asking") as step:
        step.say("asked " * 40)
    screen.note("a remark " * 30)
    screen.happening(0.5, "job.progress", "drawing " * 30)
    screen.bar(0.5, "drawing " * 30)
    screen.bar(1.0, "done", last=True)
    screen.frame("mail", ["a row", screen.paint("a painted row", "good")])


def test_a_file_gets_no_control_characters() -> None:
    screen, out = plain()
    everything(screen)
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()


@pytest.mark.parametrize("wide", [60, 80, 100, 250])
def test_no_line_is_wider_than_the_terminal(wide: int) -> None:
    out = io.StringIO()
    everything(Screen(out, live=True, colour=True, columns=wide))
    rows = [row for line in out.getvalue().split("\n") for row in line.split("\r\x1b[K")]
    assert max(visible_length(row) for row in rows) <= min(wide, 100)


def test_frames_close_on_one_line_whatever_is_painted() -> None:
    out = io.StringIO()
    Screen(out, live=False, colour=True).frame("mail", ["short", "\x1b[32mpainted\x1b[0m", ""])
    assert len({visible_length(row) for row in out.getvalue().splitlines()}) == 1


def test_a_step_that_fails_is_marked_and_fails_on() -> None:
    screen, out = plain()
    with pytest.raises(ValueError, match="no"), screen.step("trying"):
        raise ValueError("no")
    assert out.getvalue().startswith("  ✗ trying")


def test_the_bar_fills_with_progress() -> None:
    screen, out = plain()
    screen.bar(0.5, "half", last=True)
    assert out.getvalue() == f"    {'━' * 16}{'─' * 16}   50 %  half\n"


def test_texts_are_shortened_to_one_line() -> None:
    assert shorten("one\n two  three", 20) == "one two three"
    assert shorten("one two three", 8) == "one two…"


def test_columns_line_up() -> None:
    assert columns([("a", "1"), ("long", "20")], "<>") == ["a      1", "long  20"]


def test_a_mail_keeps_its_links_whole() -> None:
    link = "http://127.0.0.1:8000/jobs/" + "j" * 60
    mail = {"from": "a@b.c", "to": ["d@e.f"], "subject": "Hello", "text": f"Look here:\r\n{link}\r\n\r\n\r\nBye\r\n"}
    assert mail_rows(mail, 40)[-4:] == ["Look here:", link, "", "Bye"]
