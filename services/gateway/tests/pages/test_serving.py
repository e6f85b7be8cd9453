"""What a browser is given: the right headers, nothing unchanged twice, and nothing but the pages' own files."""

import httpx2
import pytest
from fastapi import FastAPI

from common.ids import new_id, to_text
from gateway.pages.headers import content_security_policy

JOB = f"/jobs/{to_text('job', new_id())}"
LINKS = ("/verify", "/reset", "/email")
EVERYTHING = ("/", JOB, *LINKS, "/pages/studio.css", "/pages/home.js", "/pages/icon.svg")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        (JOB, "text/html; charset=utf-8"),
        ("/verify", "text/html; charset=utf-8"),
        ("/pages/studio.css", "text/css; charset=utf-8"),
        ("/pages/job.js", "text/javascript; charset=utf-8"),
        ("/pages/icon.svg", "image/svg+xml"),
    ],
)
async def test_serves_each_file_as_what_it_is(browser: httpx2.AsyncClient, path: str, media_type: str) -> None:
    answer = await browser.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", EVERYTHING)
async def test_sends_one_strict_policy(browser: httpx2.AsyncClient, path: str) -> None:
    policies = (await browser.get(path)).headers.get_list("content-security-policy")

    assert len(policies) == 1
    directives = {words[0]: words[1:] for words in (part.split() for part in policies[0].split(";"))}
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "https:", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }


def test_shows_pictures_of_loopback_addresses_in_development_only() -> None:
    assert "img-src 'self' https: data: http://127.0.0.1:*" in content_security_policy(development=True)
    assert "http:" not in content_security_policy(development=False)


@pytest.mark.parametrize("path", EVERYTHING)
async def test_sends_nothing_twice_that_has_not_changed(browser: httpx2.AsyncClient, path: str) -> None:
    first = await browser.get(path)
    again = await browser.get(path, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    changed = await browser.get(path, headers={"if-none-match": '"other"'})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (changed.status_code, changed.content) == (200, first.content)


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "GZIP"])
async def test_sends_the_short_form_to_who_takes_it(browser: httpx2.AsyncClient, accepted: str) -> None:
    answer = await browser.get("/pages/texts.js", headers={"accept-encoding": accepted})
    plain = await browser.get("/pages/texts.js", headers={"accept-encoding": "identity"})

    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert answer.content == plain.content
    assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip;q=0.0", ""])
async def test_sends_the_plain_form_to_who_does_not(browser: httpx2.AsyncClient, accepted: str) -> None:
    answer = await browser.get("/pages/texts.js", headers={"accept-encoding": accepted})

    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", EVERYTHING)
async def test_answers_head_like_get(browser: httpx2.AsyncClient, path: str) -> None:
    answer, got = await browser.head(path), await browser.get(path)

    assert answer.status_code == 200
    for name in ("content-length", "content-type", "etag", "content-security-policy"):
        assert answer.headers[name] == got.headers[name]


@pytest.mark.parametrize("job", ["nonsense", "job_1", to_text("acc", new_id())])
async def test_says_404_on_the_page_of_what_can_be_no_job(browser: httpx2.AsyncClient, job: str) -> None:
    answer = await browser.get(f"/jobs/{job}", headers={"if-none-match": (await browser.get(JOB)).headers["etag"]})

    assert answer.status_code == 404
    assert answer.content == (await browser.get(JOB)).content


@pytest.mark.parametrize(
    "name",
    [
        "../routes.py",
        "..%2froutes.py",
        "%2e%2e/routes.py",
        "..%5croutes.py",
        "routes.py",
        "home.html",
        "link.html",
        "none.js",
        "",
    ],
)
async def test_serves_no_file_that_is_not_on_the_list(browser: httpx2.AsyncClient, name: str) -> None:
    answer = await browser.get(f"/pages/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", LINKS)
async def test_serves_a_page_for_every_link_that_is_mailed(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    assert 'src="/pages/link.js"' in answer.text
    assert f'"{path}": {{' in (await browser.get("/pages/link.js")).text


async def test_is_no_part_of_the_api_document(app: FastAPI) -> None:
    assert app.openapi()["paths"] == {}
