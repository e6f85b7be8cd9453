"""HTTP of the pages: home, a job's result, an order, where mails lead, and the files of all these. Not the API."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.errors import NotFound
from common.ids import InvalidId, from_text
from common.order_tokens import ORDER_PREFIX
from gateway.pages.files import StaticFile, read_static_files
from gateway.pages.headers import page_headers

HOME = "home.html"
JOB = "job.html"
ORDER = "order.html"
LINK = "link.html"
_METHODS = ["GET", "HEAD"]  # what checks links in mails asks with HEAD


def build_router(*, development: bool) -> APIRouter:
    """The routes. In development pictures may come from loopback addresses too (see `headers`)."""
    router = APIRouter(include_in_schema=False)
    static = read_static_files()
    headers = page_headers(development=development)

    def answer(request: Request, file: StaticFile, status_code: int = 200) -> Response:
        tagged = {**headers, "etag": file.etag}
        if status_code == 200 and _matches(request.headers.get("if-none-match"), file.etag):
            return Response(status_code=304, headers=tagged)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            tagged["content-encoding"] = "gzip"
            return Response(file.gzipped, status_code, media_type=file.media_type, headers=tagged)
        return Response(file.body, status_code, media_type=file.media_type, headers=tagged)

    @router.api_route("/", methods=_METHODS)
    async def home(request: Request) -> Response:
        return answer(request, static[HOME])

    @router.api_route("/jobs/{job_id}", methods=_METHODS)
    async def job(job_id: str, request: Request) -> Response:
        """The same page for all jobs: whose job it is, the API is asked by the page with the reader's token."""
        return answer(request, static[JOB], 200 if _could_be("job", job_id) else 404)

    @router.api_route("/orders/{order_id}", methods=_METHODS)
    async def order(order_id: str, request: Request) -> Response:
        """The same page for all orders. The token is in the fragment, so only the page sees it, and asks the API."""
        return answer(request, static[ORDER], 200 if _could_be(ORDER_PREFIX, order_id) else 404)

    @router.api_route("/verify", methods=_METHODS)
    @router.api_route("/reset", methods=_METHODS)
    @router.api_route("/email", methods=_METHODS)
    async def link(request: Request) -> Response:
        """Where links in mails lead. The token is in the fragment, so only the page sees it, and asks the API."""
        return answer(request, static[LINK])

    @router.api_route("/pages/{name}", methods=_METHODS)
    async def file(name: str, request: Request) -> Response:
        found = static.get(name)
        if found is None or name in {HOME, JOB, ORDER, LINK}:
            raise NotFound
        return answer(request, found)

    return router


def _could_be(prefix: str, text: str) -> bool:
    try:
        from_text(prefix, text)
    except InvalidId:
        return False
    return True


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison of an `If-None-Match` list (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag.removeprefix("W/") in tags or tags == ["*"]


def _takes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is named without being refused (`gzip;q=0`, RFC 9110 §12.5.3)."""
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.replace(" ", "").partition(";")
        if coding == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" or not weight
    return False
