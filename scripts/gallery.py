"""Makes the gallery: has every kind of work done by a product of its own, and writes what came out to docs/gallery.

With vendors' keys in the environment the work is theirs; without, it is the sandbox's. `make gallery`.
"""

import asyncio
import io
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

from atelier_local.stack import Stack

FOLDER = Path(__file__).parents[1] / "docs" / "gallery"
SIDE_MAX = 420
QUALITY = 72
BYTES_MAX = 1_500_000
SECONDS_MAX = 600.0
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives as long as the program
PROMPT = "A lighthouse at dusk, seen from the sea"
ANSWERS: dict[str, Any] = {
    "age_band": "15_17", "level": "general", "subjects_liked": ["biology", "languages"], "marks": 4,
    "strengths": ["listening", "persevering"], "interests": ["nature", "care"],
    "ways_of_working": ["outdoors", "team"], "values": ["usefulness", "freedom"], "study_length": "five",
    "place": "region", "dreams": "A vet, then a sailor; today something with animals.",
}  # fmt: skip
OFFER: dict[str, Any] = {
    "work": "Renovate a bathroom of 6 m²: remove the old tiles, new tiles on floor and walls, a walk-in shower.",
    "client": {"name": "Example Ltd", "email": "office@client.example"},
    "issuer": {"name": "Example Builders"},
    "tax_rate_percent": "10",
}
BOOK = {"theme": "Animals of the forest and their castle", "title": "Mila's forest", "age_band": "6-8"}


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of one job, and the pictures to show of it, by name."""

    job: Mapping[str, Any]
    pictures: Mapping[str, Image.Image]
    words: str = ""


class Visitor:
    """Somebody with an account, who asks for work and waits for it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def sends(self, method: str, path: str, expected: int, **options: Any) -> httpx2.Response:
        """A request that must succeed.

        Raises:
            RuntimeError: it was answered otherwise.
        """
        answer = await self._http.request(method, path, **options)
        if answer.status_code != expected:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer

    async def signs_up(self) -> None:
        """An account with credits of a pack and a plan, which makes it eligible for all kinds."""
        person = {"email": f"gallery-{secrets.token_hex(6)}@example.com", "password": PASSWORD, "locale": "en"}
        session = (await self.sends("POST", "/v1/users", 201, json=person)).json()
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"
        opened = await self.sends("POST", "/v1/subscription/checkout", 201, json={"plan": "pro", "interval": "month"})
        form, bare = {"email": person["email"]}, {"Authorization": ""}
        await self.sends("POST", opened.json()["url"], 303, data=form, headers=bare)
        async with asyncio.timeout(SECONDS_MAX):
            while (await self._available()) < 300:  # noqa: ASYNC110 - the state is the product's
                await asyncio.sleep(0.2)

    async def _available(self) -> int:
        return int((await self.sends("GET", "/v1/credits", 200)).json()["available"])

    async def gets(self, kind: str, **job_input: Any) -> dict[str, Any]:
        """The job, once it has succeeded.

        Raises:
            RuntimeError: it has not.
        """
        job = (await self.sends("POST", f"/v1/jobs/{kind}", 202, json=job_input)).json()
        async with asyncio.timeout(SECONDS_MAX):
            while not (job["finished_at"] and job["charge"]["settled"]):
                await asyncio.sleep(0.2)
                job = (await self.sends("GET", f"/v1/jobs/{job['id']}", 200)).json()
        if job["status"] != "succeeded":
            raise RuntimeError(f"{kind}: {job['error']}")
        print(f"{kind}: {job['charge']['charged']} credits")
        return dict(job)

    async def picture(self, artefact: Mapping[str, Any]) -> Image.Image:
        """A picture of a result."""
        return Image.open(io.BytesIO(await self._content(artefact)))

    async def pages(self, artefact: Mapping[str, Any], numbers: Sequence[int] = (0,)) -> dict[str, Image.Image]:
        """Pages of a PDF of a result, drawn."""
        document = pypdfium2.PdfDocument(await self._content(artefact))
        return {f"page-{number + 1}": document[number].render(scale=1.0).to_pil() for number in numbers}

    async def asset(self, artefact: Mapping[str, Any]) -> str:
        """A picture of a result brought back as one of the visitor's own."""
        files = {"file": ("picture.webp", await self._content(artefact), "image/webp")}
        return str((await self.sends("POST", "/v1/assets", 201, files=files)).json()["id"])

    async def questionnaire(self) -> str:
        """A completed one."""
        begun = await self.sends("POST", "/v1/questionnaires", 201, json={"language": "en", "answers": ANSWERS})
        path, tag = begun.headers["Location"], {"If-Match": begun.headers["ETag"]}
        return str((await self.sends("POST", f"{path}/complete", 200, headers=tag)).json()["id"])

    async def _content(self, artefact: Mapping[str, Any]) -> bytes:
        return (await self.sends("GET", artefact["url"], 200, headers={"Authorization": ""})).content


async def make(visitor: Visitor) -> list[Piece]:
    """One of everything."""
    design = await visitor.gets("text-to-design", prompt=PROMPT, aspect_ratio="4:3")
    image = design["result"]["image"]
    asset = {"asset_id": await visitor.asset(image)}
    pieces = [Piece(design, {"image": await visitor.picture(image)}, f"“{PROMPT}”, 4:3.")]
    cut = await visitor.gets("background-removal", **asset)
    pieces.append(Piece(cut, {"image": await visitor.picture(cut["result"]["image"])}, "The picture above, cut out."))
    large = await visitor.gets("upscale", **asset, scale=2)
    size = large["result"]["new_size"]
    words = f"Twice as large: {size['width']} × {size['height']} pixels."
    pieces.append(Piece(large, {"image": await visitor.picture(large["result"]["image"])}, words))
    crop = await visitor.gets("smart-crop", **asset, target_ratio="1:1")
    pieces.append(Piece(crop, {"image": await visitor.picture(crop["result"]["image"])}, "Around what matters."))
    colours = await visitor.gets("extract-colors", **asset)
    pieces.append(Piece(colours, {"palette": _palette(colours["result"])}, _colour_words(colours["result"])))
    critique = await visitor.gets("photo-critique", **asset, tone="kind")
    pieces.append(Piece(critique, {}, f"{critique['result']['score']} of 100."))
    return pieces + await _documents(visitor)


async def _documents(visitor: Visitor) -> list[Piece]:
    report = await visitor.gets("orientation-report", questionnaire_id=await visitor.questionnaire())
    pieces = [Piece(report, await visitor.pages(report["result"]["pdf"], (0, 1)))]
    quote = await visitor.gets("quote", **OFFER)
    pieces.append(Piece(quote, await visitor.pages(quote["result"]["pdf"]), f"“{OFFER['work']}”"))
    quote_id = quote["result"]["quote_id"]
    await visitor.sends("POST", f"/v1/quotes/{quote_id}/accept", 200)
    invoice = await visitor.gets("invoice", quote_id=quote_id)
    pieces.append(Piece(invoice, await visitor.pages(invoice["result"]["pdf"]), "Of the quote above, accepted."))
    book = await visitor.gets("coloring-book", **BOOK)
    words = f"“{BOOK['theme']}”: cover, a page to colour, the same one coloured."
    pieces.append(Piece(book, await visitor.pages(book["result"]["pdf"], (0, 2, 14)), words))
    return pieces


def _palette(result: Mapping[str, Any]) -> Image.Image:
    colours = result["palette"]
    image = Image.new("RGB", (60 * len(colours), 60))
    for place, colour in enumerate(colours):
        image.paste(colour["hex"], (60 * place, 0, 60 * (place + 1), 60))
    return image


def _colour_words(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{colour['name']} `{colour['hex']}`" for colour in result["palette"]) + "."


def write(pieces: Sequence[Piece], titles: Mapping[str, str], *, sandbox: bool) -> None:
    """The page and its pictures, in place of those of before.

    Raises:
        RuntimeError: the pictures are too large for the repository.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stale in FOLDER.glob("*.webp"):
        stale.unlink()
    sections = [section for piece in pieces for section in _section(piece, titles)]
    whose = "The pictures are the sandbox's, which stands in for the vendors: they show the way, not the quality."
    head = ["# Gallery", "", f"One of everything, made by `make gallery`. {whose if sandbox else ''}".rstrip(), ""]
    (FOLDER / "README.md").write_text("\n".join([*head, *sections]).rstrip() + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    if size > BYTES_MAX:
        raise RuntimeError(f"the gallery has {size} bytes, more than {BYTES_MAX}")
    print(f"{FOLDER}: {size} bytes")


def _section(piece: Piece, titles: Mapping[str, str]) -> list[str]:
    kind, charged = piece.job["kind"], piece.job["charge"]["charged"]
    makers = {
        f"{one['provider']}/{one['model'].partition(':')[0]}" for one in piece.job["attempts"] if one["outcome"] == "ok"
    }
    by = ", ".join(sorted(makers)) or "our own processor"
    lines = [f"## {titles.get(kind, kind)}", "", f"`{kind}`, {charged} credit{'' if charged == 1 else 's'}, by {by}."]
    lines += [piece.words] if piece.words else []
    shown = []
    for name, picture in piece.pictures.items():
        file = f"{kind}-{name}.webp"
        small = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
        small.thumbnail((SIDE_MAX, SIDE_MAX))
        small.save(FOLDER / file, "WEBP", quality=QUALITY)
        shown.append(f"![{titles.get(kind, kind)}]({file})")
    return [*lines, "", *([" ".join(shown), ""] if shown else [])]


async def main() -> None:
    """Start a product, have everything made, write it down, stop it."""
    stack = Stack(Path(tempfile.mkdtemp(prefix="atelier-gallery-")), env_overrides={"SANDBOX_LATENCY_SCALE": "0.1"})
    try:
        await asyncio.to_thread(stack.start)
        database = await asyncpg.connect(stack.database_url("gateway"), timeout=10)
        await database.execute("UPDATE plans SET submissions_per_minute = 1000")
        await database.close()
        timeout = httpx2.Timeout(60.0, connect=5.0)
        async with httpx2.AsyncClient(base_url=stack.urls["gateway"], timeout=timeout, trust_env=False) as http:
            visitor = Visitor(http)
            await visitor.signs_up()
            kinds = (await visitor.sends("GET", "/v1/kinds", 200)).json()["items"]
            pieces = await make(visitor)
        real = any(os.environ.get(name) for name in ("OPENAI_API_KEY", "REPLICATE_API_TOKEN"))
        write(pieces, {kind["name"]: kind["title"] for kind in kinds}, sandbox=not real)
    finally:
        await asyncio.to_thread(stack.destroy)


if __name__ == "__main__":
    asyncio.run(main())
