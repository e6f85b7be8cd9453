"""The kinds on offer: stored as declared, compiled for validation, read again every few seconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import jsonschema_rs
import structlog
from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from common.errors import FieldError, KindDisabled, NotEligible, NotFound, ValidationFailed
from common.events.kinds import PAID_PLAN, KindDeclared, PriceRule

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 2.0
ERRORS_MAX = 20
FREE_PLAN = "free"

_STORE = text(
    """
    INSERT INTO kinds (name, digest, declaration) VALUES (:name, :digest, CAST(:declaration AS jsonb))
    ON CONFLICT (name) DO UPDATE
    SET digest = excluded.digest, declaration = excluded.declaration, declared_at = now()
    WHERE kinds.digest <> excluded.digest
    """
)
_LOAD = text(
    """
    SELECT name, digest, enabled, declaration, own.price
    FROM kinds LEFT JOIN LATERAL (
        SELECT price FROM kind_prices WHERE kind = name ORDER BY change DESC LIMIT 1
    ) AS own ON true
    """
)


@dataclass(frozen=True, slots=True)
class OfferedKind:
    """A kind that can be asked for."""

    name: str
    title: str
    summary: str
    job_class: str
    price: PriceRule
    deadline: timedelta
    requires: str | None
    digest: str
    enabled: bool
    declaration: Mapping[str, Any]
    validator: jsonschema_rs.Draft202012Validator

    def admit(self, plan: str) -> None:
        """Let pass who has what the kind requires. Whether more is needed than a plan, its maker says.

        Raises:
            NotEligible: it comes with a paid plan, and this is none.
        """
        if self.requires == PAID_PLAN and plan == FREE_PLAN:
            raise NotEligible(f"{self.title} comes with a paid plan.", requires=PAID_PLAN)

    def check(self, job_input: Any) -> None:
        """Accept an input, or name each field that does not fit.

        Raises:
            ValidationFailed: with a JSON pointer for each problem, at most `ERRORS_MAX`.
        """
        if self.validator.is_valid(job_input):
            return
        errors: list[FieldError] = []
        for error in self.validator.iter_errors(job_input):
            errors.extend(_field_errors(error))
            if len(errors) >= ERRORS_MAX:
                break
        raise ValidationFailed(errors[:ERRORS_MAX])


class KindCatalogue:
    """All offered kinds, in memory; `declared` are known before the first look into the database."""

    def __init__(self, database: Database, declared: Iterable[KindDeclared] = ()) -> None:
        self._database = database
        self._kinds = {kind.name: _offered(kind, enabled=True) for kind in declared}

    def all(self) -> list[OfferedKind]:
        """Every kind, by name."""
        return sorted(self._kinds.values(), key=lambda kind: kind.name)

    def get(self, name: str) -> OfferedKind:
        """A kind that is switched on.

        Raises:
            NotFound: nobody has declared it.
            KindDisabled: the operator switched it off.
        """
        kind = self._kinds.get(name)
        if kind is None:
            raise NotFound(f"There is no kind of work named {name[:100]!r}.")
        if not kind.enabled:
            raise KindDisabled
        return kind

    async def check(self) -> None:
        """Readiness: at least one kind is known.

        Raises:
            LookupError: none is.
        """
        if not self._kinds:
            raise LookupError("no kind of work has been declared")

    async def load(self) -> None:
        """Read all kinds; schemas are compiled again only where they changed."""
        async with self._database.autocommit() as connection:
            rows = (await connection.execute(_LOAD)).all()
        loaded: dict[str, OfferedKind] = {}
        for row in rows:
            known = self._kinds.get(row.name)
            if known is not None and (known.digest, known.enabled) == (row.digest, row.enabled):
                loaded[row.name] = _priced(known, row)
            elif (offered := _readable(row)) is not None:
                loaded[row.name] = _priced(offered, row)
            elif known is not None:
                loaded[row.name] = replace(known, enabled=row.enabled)
        self._kinds = loaded

    async def run(self) -> None:
        """Read them again, for ever; while the database is away the last known ones hold."""
        await repeat(self.load, REFRESH_SECONDS, skipped="kinds_not_refreshed")


async def store_declaration(event: KindDeclared, uow: UnitOfWork) -> None:
    """Keep what generation declared."""
    await uow.execute(_STORE, {"name": event.name, "digest": event.digest, "declaration": event.to_json()})


def _offered(event: KindDeclared, *, enabled: bool) -> OfferedKind:
    return OfferedKind(
        name=event.name,
        title=event.title,
        summary=event.summary,
        job_class=event.job_class,
        price=event.price,
        deadline=timedelta(seconds=event.deadline_seconds),
        requires=event.requires,
        digest=event.digest,
        enabled=enabled,
        declaration=event.model_dump(mode="json"),
        validator=jsonschema_rs.Draft202012Validator(event.input_schema, validate_formats=True),
    )


def _readable(row: Any) -> OfferedKind | None:
    """The kind of a row, or nothing where its declaration cannot be used: one bad kind never stops the rest."""
    try:
        return _offered(KindDeclared.model_validate(row.declaration), enabled=row.enabled)
    except ValueError as error:  # pydantic's and the schema compiler's errors are such
        log.error("kind_unreadable", kind=row.name, digest=row.digest, error=str(error)[:300])  # noqa: TRY400
        return None


def _priced(kind: OfferedKind, row: Any) -> OfferedKind:
    """The kind at the price an operator has set, or at the declared one."""
    try:
        price = PriceRule.model_validate(kind.declaration["price"] if row.price is None else row.price)
    except ValueError as error:
        log.error("kind_price_unreadable", kind=row.name, error=str(error)[:300])  # noqa: TRY400
        return kind
    return kind if price == kind.price else replace(kind, price=price)


def _field_errors(error: jsonschema_rs.ValidationError) -> list[FieldError]:
    """A problem of the schema as problems of fields; of a missing or unknown member, the pointer names it."""
    path, detail = list(error.instance_path), error.message[:300]
    members: list[str] = []
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        members = [error.kind.property]
    elif isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        members = list(error.kind.unexpected)
    paths = [[*path, member] for member in members] or [path]
    return [FieldError(pointer=_pointer(parts), detail=detail, code="invalid") for parts in paths]


def _pointer(path: Sequence[object]) -> str:
    return "/body" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
