"""Letting go: what nobody uses, what came to nothing, what lies where uploads land, and all of a deleted account."""

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from common.bus.handlers import Handlers
from common.db.database import Database
from common.events.deletion import AccountDeletionRequested
from common.ids import from_text, new_id
from generation.artefacts.deleting import ArtefactDeleting
from generation.artefacts.handlers import register
from generation.assets import storage
from generation.assets.assembly import AssetParts
from generation.providers.transfers import NothingStored
from sandbox.client import SandboxClient

from ..stage import rows
from .conftest import Owner
from .specimens import jpeg


def id_of(asset: dict[str, str]) -> UUID:
    return from_text("ast", asset["id"])


async def change(database: Database, asset_id: UUID, assignments: str) -> None:
    async with database.unit_of_work() as uow:
        await uow.execute(text(f"UPDATE assets SET {assignments} WHERE asset_id = :id"), {"id": asset_id})  # noqa: S608


async def row_of(database: Database, asset_id: UUID) -> Any:
    found = await rows(database, "SELECT * FROM assets WHERE asset_id = :id", id=asset_id)
    return found[0] if found else None


async def is_there(asset: dict[str, str]) -> bool:
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        return (await anybody.get(asset["url"])).status_code == 200


async def open_upload(owner: Owner, content: bytes | None = None) -> tuple[UUID, dict[str, Any]]:
    opened = (await owner.ask("POST", "/v1/assets/uploads")).json()
    if content is not None:
        async with httpx2.AsyncClient(trust_env=False) as browser:
            files = {"file": ("p", content, "image/jpeg")}
            (await browser.post(opened["url"], data=opened["fields"], files=files)).raise_for_status()
    return from_text("ast", opened["id"]), opened


async def test_what_no_job_has_used_for_thirty_days_goes(owner: Owner, parts: AssetParts, database: Database) -> None:
    unused, used, young = [await owner.uploaded(jpeg()) for _ in range(3)]
    for asset in (unused, used):
        await change(database, id_of(asset), "used_at = now() - interval '30 days 1 minute'")
    assert await storage.use(database, owner.account_id, id_of(used)) is not None

    await parts.keeping.sweep()

    assert [await is_there(asset) for asset in (unused, used, young)] == [False, True, True]
    assert await storage.use(database, owner.account_id, id_of(unused)) is None


async def test_what_came_to_nothing_goes(owner: Owner, parts: AssetParts, database: Database) -> None:
    abandoned, _ = await open_upload(owner, jpeg())
    crashed = await owner.uploaded(jpeg())
    await change(database, id_of(crashed), "state = 'open', upload_until = now() - interval '1 second'")
    await change(database, abandoned, "upload_until = now() - interval '1 second'")

    await parts.keeping.sweep()

    assert not await is_there(crashed)
    assert [row.state for row in await rows(database, "SELECT state FROM assets")] == ["deleted", "deleted"]


async def test_the_raw_upload_goes_once_nothing_more_can_come(
    owner: Owner, parts: AssetParts, database: Database, sandbox: SandboxClient
) -> None:
    asset_id, opened = await open_upload(owner, jpeg())
    asset = (await owner.ask("POST", f"/v1/assets/uploads/{opened['id']}/complete")).json()

    await parts.keeping.sweep()
    assert await stored(parts, opened)
    await change(database, asset_id, "upload_until = now() - interval '1 second', next_try_at = now()")
    await parts.keeping.sweep()

    assert not await stored(parts, opened)
    assert await is_there(asset)
    assert (await row_of(database, asset_id)).upload_key is None


async def stored(parts: AssetParts, opened: dict[str, Any]) -> bool:
    """Whether something lies where a direct upload lands."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "file"
        try:
            await parts.uploads._downloads.fetch(opened["fields"]["public_id"], None, to=target, bytes_max=10**7)
        except NothingStored:
            return False
        return True


async def test_deleting_a_direct_upload_waits_until_nothing_more_can_come(
    owner: Owner, parts: AssetParts, database: Database
) -> None:
    asset_id, opened = await open_upload(owner, jpeg())
    assert (await owner.ask("DELETE", f"/v1/assets/{opened['id']}")).status_code == 204
    await parts.keeping.sweep()
    assert (await row_of(database, asset_id)).state == "deleting"

    await change(database, asset_id, "upload_until = now() - interval '1 second', next_try_at = now()")
    await parts.keeping.sweep()
    assert (await row_of(database, asset_id)).state == "deleted"
    assert not await stored(parts, opened)


async def test_storage_that_is_away_is_asked_again_later(
    owner: Owner, parts: AssetParts, database: Database, sandbox: SandboxClient
) -> None:
    asset = await owner.uploaded(jpeg())
    await owner.ask("DELETE", f"/v1/assets/{asset['id']}")
    await sandbox.fault("cloudinary", None, {"status": 500}, times=None)

    await parts.keeping.sweep()
    await sandbox.clear_faults()
    assert await is_there(asset)
    await parts.keeping.sweep()
    assert await is_there(asset), "not before its pause is over"
    await change(database, id_of(asset), "next_try_at = now()")
    await parts.keeping.sweep()
    assert not await is_there(asset)


async def test_rows_go_when_they_count_for_nothing(owner: Owner, parts: AssetParts, database: Database) -> None:
    asset = await owner.uploaded(jpeg())
    await owner.upload(b"nonsense")
    await owner.ask("DELETE", f"/v1/assets/{asset['id']}")
    await parts.keeping.sweep()
    assert len(await rows(database, "SELECT 1 FROM assets")) == 2

    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE assets SET created_at = now() - interval '3 days'"))
    await parts.keeping.sweep()
    assert await rows(database, "SELECT 1 FROM assets") == []


async def test_everything_of_a_deleted_account_goes_and_nothing_of_others(
    owner: Owner, stranger: Owner, parts: AssetParts, database: Database
) -> None:
    mine, theirs = await owner.uploaded(jpeg()), await stranger.uploaded(jpeg())
    upload, opened = await open_upload(owner, jpeg())
    deletion_id = new_id()
    event = AccountDeletionRequested(account_id=owner.account_id, user_id=new_id(), deletion_id=deletion_id)
    handlers = Handlers()
    register(handlers)
    note = handlers.single(AccountDeletionRequested)
    assert note is not None
    async with database.unit_of_work() as uow:
        await note(event, uow)

    deleting = ArtefactDeleting(database, parts.uploads._store, settle_seconds=-1)
    await deleting.sweep()
    assert (await open_deletions(database)) == 1, "a browser may still upload"
    assert (await is_there(mine), await is_there(theirs)) == (False, True)

    await change(database, upload, "upload_until = now() - interval '2 seconds'")
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE artefact_deletions SET next_try_at = now() WHERE status = 'pending'"))
    await deleting.sweep()

    assert (await open_deletions(database)) == 0
    assert not await stored(parts, opened)
    assert await rows(database, "SELECT 1 FROM assets WHERE account_id = :id", id=owner.account_id) == []
    assert await is_there(theirs)


async def open_deletions(database: Database) -> int:
    return len(await rows(database, "SELECT 1 FROM account_deletions WHERE completed_at IS NULL"))
