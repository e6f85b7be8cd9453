"""How questionnaires are shown and sent over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from common.ids import to_text
from generation.questionnaires.filling import form_in
from generation.questionnaires.form import SCALE, Form, Language, Question, QuestionType
from generation.questionnaires.rules import OPTIONS_MAX, QUESTIONNAIRE_PREFIX, TEXT_CHARACTERS_MAX, Answer, missing
from generation.questionnaires.storage import Questionnaire

CHANGES_MAX = 40

Text = Annotated[str, StringConstraints(strict=True, max_length=TEXT_CHARACTERS_MAX)]
OptionId = Annotated[str, StringConstraints(strict=True, max_length=40)]
QuestionId = Annotated[str, StringConstraints(max_length=40)]
GivenAnswer = Text | StrictInt | Annotated[list[OptionId], Field(max_length=OPTIONS_MAX)] | None
GivenAnswers = Annotated[
    dict[QuestionId, GivenAnswer],
    Field(
        max_length=CHANGES_MAX,
        description="By question: an option's id, several of them, a whole number, or a text. Null takes one away.",
    ),
]


class OptionView(BaseModel):
    """One answer to choose."""

    id: str
    label: str


class QuestionView(BaseModel):
    """One question: `choice` of one option, `choices` of several, `scale` of whole numbers, or `text`."""

    id: str
    type: QuestionType
    label: str
    required: bool
    options: list[OptionView]
    options_max: int | None = Field(description="How many options may be chosen.")
    scale: tuple[int, int] | None = Field(description="The least and the most.")
    characters_max: int | None = Field(description="How long a text may be.")


class FormView(BaseModel):
    """The questions of a version, in order."""

    version: int
    language: Language
    questions: list[QuestionView]


class NewQuestionnaireBody(BaseModel):
    """What a draft begins with."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Field(default="en", description="In which it is filled in, and its report is written.")
    answers: GivenAnswers = Field(default_factory=dict)


class AnswersBody(BaseModel):
    """Answers to add, change or take away; all others stay."""

    model_config = ConfigDict(extra="forbid")

    answers: GivenAnswers


class QuestionnaireView(BaseModel):
    """A questionnaire; `revision` is its ETag."""

    id: str
    state: Literal["draft", "completed"]
    revision: int
    language: Language
    form_version: int
    answers: dict[str, Answer]
    missing: list[str] = Field(description="Questions that have to be answered before it can be completed.")
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class QuestionnaireList(BaseModel):
    """All questionnaires of the account, newest first."""

    items: list[QuestionnaireView]


def view_of(found: Questionnaire) -> QuestionnaireView:
    """The public view of a questionnaire."""
    return QuestionnaireView.model_validate(
        {
            "id": to_text(QUESTIONNAIRE_PREFIX, found.questionnaire_id),
            "state": "draft" if found.completed_at is None else "completed",
            "revision": found.revision,
            "language": found.language,
            "form_version": found.form_version,
            "answers": found.answers,
            "missing": missing(form_in(found), found.answers),
            "created_at": found.created_at,
            "updated_at": found.updated_at,
            "completed_at": found.completed_at,
        }
    )


def form_view(form: Form, language: Language) -> FormView:
    """The form in one language."""
    questions = [_question(question, language) for question in form.questions]
    return FormView(version=form.version, language=language, questions=questions)


def _question(question: Question, language: Language) -> QuestionView:
    return QuestionView(
        id=question.id,
        type=question.type,
        label=question.words[language],
        required=question.required,
        options=[OptionView(id=option.id, label=option.words[language]) for option in question.options],
        options_max=question.most if question.type == "choices" else None,
        scale=SCALE if question.type == "scale" else None,
        characters_max=question.most if question.type == "text" else None,
    )
