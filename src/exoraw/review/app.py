"""The web app around a sitting: addresses, JSON in and out, nothing that decides anything."""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from exoraw.io.errors import ExorawError, StudyError
from exoraw.review.desk import Analysis
from exoraw.review.guard import LARGEST_BODY, TOKEN_FIELD, Guard, Session
from exoraw.review.sitting import Sitting
from exoraw.study.problems import StudyProblems

_MEDIA = {".js": "text/javascript", ".css": "text/css"}
_FRAME = ("review.css", "review.js")
_log = logging.getLogger(__name__)

Body = Mapping[str, Any]
Handler = Callable[[Request], Awaitable[Response]]


def make_app(sitting: Sitting, session: Session, pages: Mapping[str, bytes]) -> ASGIApp:
    """Return the app, guarded.

    Parameters
    ----------
    pages : scripts and style sheets of the pages, see `page_files`
    """
    own = files("exoraw.review") / "static"
    assets = {**{name: (own / name).read_bytes() for name in _FRAME}, **pages}
    shell = _shell(session, pages)

    async def enter(request: Request) -> Response:
        if not session.is_token(request.query_params.get(TOKEN_FIELD, "")):
            return PlainTextResponse("This address has another session's token.\n", 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(session.cookie, session.token, httponly=True, samesite="strict", path="/")
        return answer

    async def page(_request: Request) -> Response:
        return HTMLResponse(shell)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in assets:  # a fixed list: no part of an address ever becomes a path
            return PlainTextResponse("There is no such file.\n", 404)
        return Response(assets[name], media_type=_MEDIA[_suffix(name)])

    def item(work: Callable[[str, Body], Any]) -> Handler:
        return _answering(sitting, lambda request, body: work(request.path_params["item"], body))

    routes = [
        Route("/enter", enter),
        Route("/", page),
        Route("/assets/{name}", asset),
        Route("/api/study", _answering(sitting, lambda _request, _body: sitting.study())),
        Route("/api/pending", _answering(sitting, lambda _request, _body: sitting.pending())),
        Route("/api/item/{item}", item(lambda name, _body: sitting.item(name))),
        Route("/api/item/{item}/part/{part}", _bytes(sitting)),
        Route("/api/item/{item}/preview", item(sitting.preview), methods=["POST"]),
        Route("/api/item/{item}/apply", item(sitting.apply), methods=["POST"]),
        Route("/api/item/{item}/withdraw", item(sitting.withdraw), methods=["POST"]),
        Route("/api/item/{item}/exclude", item(sitting.exclude), methods=["POST"]),
        Route("/api/run", _answering(sitting, lambda _request, _body: sitting.run()), methods=["POST"]),
        Route("/api/run/progress", _answering(sitting, lambda _request, _body: sitting.progress())),
    ]
    return Guard(Starlette(routes=routes), session)


def _answering(sitting: Sitting, work: Callable[[Request, Body], Any]) -> Handler:
    """Return a handler that answers in JSON; what is wrong is said in words."""

    async def handle(request: Request) -> Response:
        try:
            body = await _body(request)
            return JSONResponse(await run_in_threadpool(work, request, body))
        except Exception as error:  # noqa: BLE001  the last place before the browser
            return _said(sitting, error)

    return handle


def _bytes(sitting: Sitting) -> Handler:
    async def handle(request: Request) -> Response:
        named = request.path_params
        try:
            content = await run_in_threadpool(sitting.part, named["item"], named["part"])
            return Response(content, media_type="application/octet-stream")
        except Exception as error:  # noqa: BLE001  the last place before the browser
            return _said(sitting, error)

    return handle


def _said(sitting: Sitting, error: Exception) -> JSONResponse:
    """Return an error for the page, in words, without names where those are hidden."""
    if isinstance(error, KeyError):
        return JSONResponse({"error": "This item is not in the study any more. Load the page again."}, 404)
    if isinstance(error, StudyProblems):
        words = "; ".join(str(problem) for problem in error.problems)
    elif isinstance(error, ExorawError):
        words = str(error)
    else:
        _log.error("an answer of the review app failed", exc_info=error)
        words = f"This should not happen: {type(error).__name__}. The terminal says more; please report it."
        return JSONResponse({"error": words}, 500)
    return JSONResponse(sitting.shown({"error": words}), 409)


async def _body(request: Request) -> Body:
    """Return the JSON object that came with a request; nothing for a request without a body."""
    if request.method != "POST":
        return {}
    content = await request.body()
    try:
        found = json.loads(content) if len(content) <= LARGEST_BODY else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StudyError("The page sent something that is no JSON object. Load it again.")
    return found


def page_files(analyses: Iterable[Analysis]) -> dict[str, bytes]:
    """Return file name -> content of the scripts and style sheets of the pages, in the order of loading.

    The assay's name stands before each: two assays may call their scripts alike.
    """
    assays = {one.pipeline.assay.name: one.page for one in analyses}
    return {
        f"{assay}.{name}": (files(page.package) / name).read_bytes()
        for assay, page in assays.items()
        for name in page.assets
    }


def _shell(session: Session, names: Iterable[str]) -> str:
    shell = (files("exoraw.review") / "static" / "review.html").read_text("utf-8")
    tags = {
        ".css": '<link rel="stylesheet" href="/assets/{}">',
        ".js": '<script src="/assets/{}" defer></script>',
    }
    lines = [tags[_suffix(name)].format(html.escape(name)) for name in names]
    filled = shell.replace("<!-- pages -->", "\n".join(lines))
    return filled.replace("@token@", html.escape(session.token))


def _suffix(name: str) -> str:
    return name[name.rindex(".") :]
