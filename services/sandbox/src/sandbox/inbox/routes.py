"""The inbox over HTTP: as JSON for tests and as a page for people."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.inbox.mailbox import Mailbox
from sandbox.web.pages import render


class InboxRoutes:
    """The endpoints under `/sandbox/inbox`."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[Route]:
        """The routes, relative to `/sandbox`."""
        return [
            Route("/inbox", self._list, methods=["GET"]),
            Route("/inbox.html", self._page, methods=["GET"]),
            Route("/inbox/{id}", self._get, methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        found = self._mailbox.find(request.query_params.get("to"), request.query_params.get("subject"))
        return JSONResponse([mail.as_json() for mail in found])

    async def _get(self, request: Request) -> Response:
        mail = self._mailbox.get(request.path_params["id"])
        if mail is None:
            return JSONResponse({"error": "no such mail"}, 404)
        return JSONResponse(mail.as_json())

    async def _page(self, request: Request) -> Response:
        mails = self._mailbox.find()
        chosen = self._mailbox.get(request.query_params.get("id", "")) or (mails[0] if mails else None)
        shown = chosen.as_json() if chosen else None
        page = render("inbox.html", mails=[mail.as_json() for mail in mails], shown=shown)
        return HTMLResponse(page, headers={"content-security-policy": "script-src 'none'"})
