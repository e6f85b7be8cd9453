"""How a job reads its owner's questionnaire: completed, in words, and not kept anywhere else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from common.db.database import Database
from common.ids import InvalidId, from_text
from generation.engine.failures import JobFailed
from generation.questionnaires import storage
from generation.questionnaires.filling import form_in
from generation.questionnaires.rules import QUESTIONNAIRE_PREFIX, described

NOT_FOUND = "QUESTIONNAIRE_NOT_FOUND"
NOT_COMPLETED = "QUESTIONNAIRE_NOT_COMPLETED"


@dataclass(frozen=True, slots=True)
class Filled:
    """Questions and answers in the language they were asked in."""

    language: Literal["en", "fr"]
    answers: tuple[tuple[str, str], ...]
    completed_at: datetime


async def read_completed(database: Database, account_id: UUID, questionnaire_id: str) -> Filled:
    """The account's questionnaire, which does not change any more.

    Raises:
        JobFailed: `QUESTIONNAIRE_NOT_FOUND`, also where it is somebody else's; `QUESTIONNAIRE_NOT_COMPLETED`.
    """
    try:
        found = await storage.find(database, account_id, from_text(QUESTIONNAIRE_PREFIX, questionnaire_id))
    except InvalidId:
        found = None
    if found is None:
        raise JobFailed(NOT_FOUND, "The account has no such questionnaire.")
    if found.completed_at is None:
        raise JobFailed(NOT_COMPLETED, "The questionnaire is a draft; complete it first.")
    language = cast("Literal['en', 'fr']", found.language)
    return Filled(language, tuple(described(form_in(found), found.answers, language)), found.completed_at)
