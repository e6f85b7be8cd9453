"""Use cases: a questionnaire is begun, changed and completed by its owner, from one device or several at once."""

from collections.abc import Mapping
from uuid import UUID

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.errors import Conflict, Forbidden, NotFound, PreconditionFailed, QuotaExceeded, ValidationFailed
from common.ids import new_id
from generation.questionnaires import storage
from generation.questionnaires.form import Form, Language, current_form, form_of
from generation.questionnaires.rules import PER_ACCOUNT_MAX, Answer, Revisions, incomplete, merged
from generation.questionnaires.storage import Questionnaire


class Questionnaires:
    """The questionnaires of all accounts; every call names whose it is about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, account_id: UUID, language: Language, answers: Mapping[str, Answer | None]) -> Questionnaire:
        """A new draft of the current form.

        Raises:
            ValidationFailed: an answer does not fit.
            QuotaExceeded: the account has enough.
            Forbidden: it is being deleted.
        """
        form, questionnaire_id = current_form(), new_id()
        fitting = _fitting(form, {}, answers)

        async def insert(uow: UnitOfWork) -> Questionnaire:
            has = await storage.lock_account(uow, account_id)
            if has.closed:
                raise Forbidden("The account is being deleted.")
            if has.count >= PER_ACCOUNT_MAX:
                raise QuotaExceeded(f"An account keeps at most {PER_ACCOUNT_MAX} questionnaires; delete one first.")
            return await storage.insert(uow, questionnaire_id, account_id, form.version, language, fitting)

        return await self._database.transact(insert)

    async def change(
        self, account_id: UUID, questionnaire_id: UUID, expected: Revisions, change: Mapping[str, Answer | None]
    ) -> Questionnaire:
        """Change a draft that is as the caller has seen it.

        Raises:
            NotFound: there is none.
            Conflict: it is completed.
            PreconditionFailed: somebody has changed it meanwhile.
            ValidationFailed: an answer does not fit; nothing is changed.
        """

        async def save(uow: UnitOfWork) -> Questionnaire:
            draft = await _draft(uow, account_id, questionnaire_id, expected)
            answers = _fitting(form_in(draft), draft.answers, change)
            return await storage.save(uow, questionnaire_id, answers)

        return await self._database.transact(save)

    async def complete(self, account_id: UUID, questionnaire_id: UUID, expected: Revisions) -> Questionnaire:
        """Complete a draft; it stays as it is from then on. One that is completed already is answered as it is.

        Raises:
            NotFound: there is none.
            PreconditionFailed: it is not as the caller has seen it.
            ValidationFailed: questions are open, each named.
        """

        async def complete(uow: UnitOfWork) -> Questionnaire:
            found = await storage.lock(uow, account_id, questionnaire_id)
            if found is not None and found.completed_at is not None:
                return found
            draft = await _draft(uow, account_id, questionnaire_id, expected)
            if errors := incomplete(form_in(draft), draft.answers):
                raise ValidationFailed(errors, "Some questions are not answered yet.")
            return await storage.complete(uow, questionnaire_id)

        return await self._database.transact(complete)

    async def delete(self, account_id: UUID, questionnaire_id: UUID) -> None:
        """Delete one, draft or not. A report that is being made of it fails and costs nothing.

        Raises:
            NotFound: there is none.
        """
        if not await self._database.transact(storage.delete, account_id, questionnaire_id):
            raise NotFound

    async def one(self, account_id: UUID, questionnaire_id: UUID) -> Questionnaire:
        """One of the account's.

        Raises:
            NotFound: there is none.
        """
        found = await storage.find(self._database, account_id, questionnaire_id)
        if found is None:
            raise NotFound
        return found

    async def all(self, account_id: UUID) -> list[Questionnaire]:
        """All of the account's, newest first."""
        return await storage.all_of(self._database, account_id, PER_ACCOUNT_MAX)


def form_in(questionnaire: Questionnaire) -> Form:
    """The form a questionnaire was begun with."""
    form = form_of(questionnaire.form_version)
    if form is None:
        raise AssertionError(f"form {questionnaire.form_version} is not there any more")
    return form


async def _draft(uow: UnitOfWork, account_id: UUID, questionnaire_id: UUID, expected: Revisions) -> Questionnaire:
    draft = await storage.lock(uow, account_id, questionnaire_id)
    if draft is None:
        raise NotFound
    if draft.completed_at is not None:
        raise Conflict("The questionnaire is completed and does not change any more.")
    if expected is not None and draft.revision not in expected:
        raise PreconditionFailed("The questionnaire was changed meanwhile; read it again.", revision=draft.revision)
    return draft


def _fitting(form: Form, before: Mapping[str, Answer], change: Mapping[str, Answer | None]) -> dict[str, Answer]:
    answers, errors = merged(form, before, change)
    if errors:
        raise ValidationFailed(errors)
    return answers
