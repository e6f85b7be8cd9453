"""The rules of questionnaires: what an answer may be, when one is complete, and how it reads for people and models."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from common.errors import FieldError
from generation.questionnaires.form import SCALE, Form, Language, Question

QUESTIONNAIRE_PREFIX = "qst"
PER_ACCOUNT_MAX = 20
TEXT_CHARACTERS_MAX = 2000
"""More than any question permits; what is longer is not even looked at."""
OPTIONS_MAX = 20

Answer = str | int | list[str]
Answers = dict[str, Answer]
Revisions = frozenset[int] | None
"""Those that a change was made from; None is any."""


def merged(
    form: Form, before: Mapping[str, Answer], change: Mapping[str, Answer | None]
) -> tuple[Answers, list[FieldError]]:
    """The answers after a change, where null takes one away, and what is wrong with the change."""
    answers, errors = dict(before), list[FieldError]()
    for question_id, given in change.items():
        question = form.question(question_id)
        pointer = f"/body/answers/{_pointed(question_id)}"
        if question is None:
            errors.append(FieldError(pointer=pointer, detail="is no question of this form", code="unknown"))
        elif given is None:
            answers.pop(question_id, None)
        elif (fault := _fault(question, given)) is not None:
            errors.append(FieldError(pointer=pointer, detail=fault, code="invalid"))
        else:
            answers[question_id] = _plain(given) if isinstance(given, str) else given
    return answers, errors


def missing(form: Form, answers: Mapping[str, Answer]) -> list[str]:
    """The questions that have to be answered and are not, in the order of the form."""
    return [question.id for question in form.questions if question.required and question.id not in answers]


def incomplete(form: Form, answers: Mapping[str, Answer]) -> list[FieldError]:
    """What keeps the questionnaire from being completed, field by field."""
    return [
        FieldError(pointer=f"/answers/{question_id}", detail="has to be answered", code="missing")
        for question_id in missing(form, answers)
    ]


def described(form: Form, answers: Mapping[str, Answer], language: Language) -> list[tuple[str, str]]:
    """Question and answer in words, in the order of the form; what was not answered is left out."""
    return [
        (question.words[language], _in_words(question, answers[question.id], language))
        for question in form.questions
        if question.id in answers
    ]


def _fault(question: Question, given: Answer) -> str | None:
    known = {option.id for option in question.options}
    match question.type:
        case "choice":
            return None if isinstance(given, str) and given in known else "is none of the options"
        case "choices":
            return _fault_of_choices(question, given, known)
        case "scale":
            least, most = SCALE
            fits = isinstance(given, int) and not isinstance(given, bool) and least <= given <= most
            return None if fits else f"is a whole number from {least} to {most}"
        case "text":
            return _fault_of_text(question, given)


def _fault_of_choices(question: Question, given: Answer, known: set[str]) -> str | None:
    if not isinstance(given, list) or not given:
        return "is a list of options, at least one"
    if len(given) > (question.most or OPTIONS_MAX):
        return f"takes at most {question.most} options"
    if len(set(given)) != len(given):
        return "names an option twice"
    return None if set(given) <= known else "names what is none of the options"


def _fault_of_text(question: Question, given: Answer) -> str | None:
    if not isinstance(given, str):
        return "is a text"
    most = question.most or TEXT_CHARACTERS_MAX
    if not 1 <= len(_plain(given)) <= most:
        return f"has 1 to {most} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in _plain(given) if character != "\n"):
        return "holds control characters"
    return None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()


def _in_words(question: Question, answer: Answer, language: Language) -> str:
    words = {option.id: option.words[language] for option in question.options}
    if isinstance(answer, list):
        return ", ".join(words.get(each, each) for each in answer)
    if isinstance(answer, int):
        return f"{answer}/{SCALE[1]}"
    return words.get(answer, answer)


def _pointed(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
