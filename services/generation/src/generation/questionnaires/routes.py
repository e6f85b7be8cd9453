"""HTTP of questionnaires: the form, and drafts that are begun, resumed, completed, deleted."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from common.errors import NotFound, PreconditionRequired
from common.http.conditional import NOT_MODIFIED, IfMatch, IfNoneMatch, conditional, revisions_in
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from generation.questionnaires.filling import Questionnaires
from generation.questionnaires.form import CURRENT_VERSION, Language, form_of
from generation.questionnaires.rules import QUESTIONNAIRE_PREFIX, Revisions
from generation.questionnaires.storage import Questionnaire
from generation.questionnaires.views import (
    AnswersBody,
    FormView,
    NewQuestionnaireBody,
    QuestionnaireList,
    QuestionnaireView,
    form_view,
    view_of,
)

PATH = "/v1/questionnaires"


def build_router(questionnaires: Questionnaires, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["questionnaires"])
    _add_reading(router, questionnaires, identify)
    _add_filling(router, questionnaires, identify)
    return router


def _add_reading(router: APIRouter, questionnaires: Questionnaires, identify: Callable[..., Awaitable[Caller]]) -> None:
    @router.get(
        f"{PATH}/form",
        operation_id="get_questionnaire_form",
        response_model=FormView,
        responses={**problem_responses("NOT_FOUND"), **NOT_MODIFIED},
    )
    async def get_form(
        language: Language = "en",
        version: Annotated[int, Query(ge=1, le=1_000_000)] = CURRENT_VERSION,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """The questions to ask; anybody may read them. Drafts name the version they were begun with."""
        form = form_of(version)
        if form is None:
            raise NotFound
        return conditional(form_view(form, language).model_dump_json(), if_none_match, cache="public, no-cache")

    @router.get(
        PATH,
        operation_id="list_questionnaires",
        response_model=QuestionnaireList,
        responses={**problem_responses("UNAUTHORIZED"), **NOT_MODIFIED},
    )
    async def list_questionnaires(
        caller: Annotated[Caller, Depends(identify)], if_none_match: IfNoneMatch = None
    ) -> Response:
        """The account's questionnaires with their answers; there are never more than fit one page."""
        items = [view_of(found) for found in await questionnaires.all(caller.account_id)]
        return conditional(QuestionnaireList(items=items).model_dump_json(), if_none_match)

    @router.get(
        f"{PATH}/{{questionnaire_id}}",
        operation_id="get_questionnaire",
        response_model=QuestionnaireView,
        responses={**problem_responses("UNAUTHORIZED", "NOT_FOUND"), **NOT_MODIFIED},
    )
    async def get_questionnaire(
        questionnaire_id: str, caller: Annotated[Caller, Depends(identify)], if_none_match: IfNoneMatch = None
    ) -> Response:
        """One questionnaire of the account's, to be gone on with."""
        found = await questionnaires.one(caller.account_id, _id(questionnaire_id))
        return _answer(found, if_none_match=if_none_match)


def _add_filling(router: APIRouter, questionnaires: Questionnaires, identify: Callable[..., Awaitable[Caller]]) -> None:
    changed = ("UNAUTHORIZED", "NOT_FOUND", "CONFLICT", "PRECONDITION_FAILED", "VALIDATION_FAILED")

    @router.post(
        PATH,
        operation_id="begin_questionnaire",
        status_code=201,
        response_model=QuestionnaireView,
        responses=problem_responses("UNAUTHORIZED", "FORBIDDEN", "VALIDATION_FAILED", "QUOTA_EXCEEDED"),
    )
    async def begin_questionnaire(caller: Annotated[Caller, Depends(identify)], body: NewQuestionnaireBody) -> Response:
        """Begin a draft, empty or with first answers."""
        made = await questionnaires.begin(caller.account_id, body.language, body.answers)
        answer = _answer(made, status_code=201)
        answer.headers["location"] = f"{PATH}/{to_text(QUESTIONNAIRE_PREFIX, made.questionnaire_id)}"
        return answer

    @router.patch(
        f"{PATH}/{{questionnaire_id}}",
        operation_id="change_questionnaire",
        response_model=QuestionnaireView,
        responses=problem_responses(*changed, "PRECONDITION_REQUIRED"),
    )
    async def change_questionnaire(
        questionnaire_id: str,
        caller: Annotated[Caller, Depends(identify)],
        body: AnswersBody,
        if_match: IfMatch = None,
    ) -> Response:
        """Change a draft from the state that `If-Match` names; of two changes to one state the second is refused."""
        if if_match is None:
            raise PreconditionRequired
        wanted = _id(questionnaire_id)
        return _answer(await questionnaires.change(caller.account_id, wanted, revisions_in(if_match), body.answers))

    @router.post(
        f"{PATH}/{{questionnaire_id}}/complete",
        operation_id="complete_questionnaire",
        response_model=QuestionnaireView,
        responses=problem_responses(*changed),
    )
    async def complete_questionnaire(
        questionnaire_id: str, caller: Annotated[Caller, Depends(identify)], if_match: IfMatch = None
    ) -> Response:
        """Say that all is answered. From then on it cannot be changed, and a report can be made of it."""
        expected: Revisions = None if if_match is None else revisions_in(if_match)
        return _answer(await questionnaires.complete(caller.account_id, _id(questionnaire_id), expected))

    @router.delete(
        f"{PATH}/{{questionnaire_id}}",
        operation_id="delete_questionnaire",
        status_code=204,
        responses=problem_responses("UNAUTHORIZED", "NOT_FOUND"),
    )
    async def delete_questionnaire(questionnaire_id: str, caller: Annotated[Caller, Depends(identify)]) -> None:
        """Delete a questionnaire for good. Reports that were made of it stay; one under way fails and costs nothing."""
        await questionnaires.delete(caller.account_id, _id(questionnaire_id))


def _id(questionnaire_id: str) -> UUID:
    try:
        return from_text(QUESTIONNAIRE_PREFIX, questionnaire_id)
    except InvalidId:
        raise NotFound from None


def _answer(found: Questionnaire, *, if_none_match: str | None = None, status_code: int = 200) -> Response:
    body = view_of(found).model_dump_json()
    return conditional(body, if_none_match, revision=found.revision, status_code=status_code)
