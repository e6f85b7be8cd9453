"""Owns showing a mail: its head, and its text part folded to the frame."""

import textwrap
from collections.abc import Mapping
from typing import Any


def mail_rows(mail: Mapping[str, Any], width: int) -> list[str]:
    """A mail as the sandbox's inbox lists it, as lines of at most `width`; links are never broken,
    and of several empty lines one is left."""
    rows = [f"From     {mail['from']}", f"To       {', '.join(mail['to'])}", f"Subject  {mail['subject']}", ""]
    for line in str(mail["text"]).replace("\r\n", "\n").strip().split("\n"):
        folded = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        rows += folded or ([""] if rows[-1] else [])
    return rows
