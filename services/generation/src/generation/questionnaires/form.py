"""The questionnaire itself: its questions in French and English, by version; read from `form_<version>.toml`."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

QuestionType = Literal["choice", "choices", "scale", "text"]
Language = Literal["en", "fr"]

CURRENT_VERSION = 1
SCALE = (1, 5)
"""The least and the most of every scale."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose, with its words in each language."""

    id: str
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `most` is of options to choose, or of characters of a text."""

    id: str
    type: QuestionType
    words: dict[str, str]
    required: bool
    options: tuple[Option, ...]
    most: int | None


@dataclass(frozen=True, slots=True)
class Form:
    """All questions of a version, in order."""

    version: int
    questions: tuple[Question, ...]

    def question(self, question_id: str) -> Question | None:
        """The question of this id, if it is one of this form."""
        return next((each for each in self.questions if each.id == question_id), None)


@lru_cache(maxsize=8)
def form_of(version: int) -> Form | None:
    """The form of a version that was ever current; None where there was none."""
    if not 1 <= version <= CURRENT_VERSION:
        return None
    shipped = resources.files("generation.questionnaires").joinpath(f"form_{version}.toml").read_text("utf-8")
    read = tomllib.loads(shipped)
    raw = {item["id"]: item for item in read["questions"]}
    return Form(read["version"], tuple(_question(item, raw) for item in read["questions"]))


def current_form() -> Form:
    """The form that new questionnaires begin with."""
    form = form_of(CURRENT_VERSION)
    if form is None:
        raise AssertionError("the current form is there")
    return form


def _question(item: dict[str, Any], all_items: dict[str, dict[str, Any]]) -> Question:
    source = all_items[item["same_options_as"]] if "same_options_as" in item else item
    return Question(
        id=item["id"],
        type=item["type"],
        words=_words(item),
        required=item.get("required", False),
        options=tuple(Option(option["id"], _words(option)) for option in source.get("options", ())),
        most=item.get("most"),
    )


def _words(item: dict[str, Any]) -> dict[str, str]:
    return {"en": item["en"], "fr": item["fr"]}
