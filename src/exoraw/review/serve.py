"""Serving the review pages on this computer alone, until Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import socket
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from exoraw.engine.options import RunSummary
from exoraw.io.errors import StudyError
from exoraw.review.app import make_app, page_files
from exoraw.review.guard import Session
from exoraw.review.sitting import Sitting

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Wish:
    """How a person wants to review.

    Parameters
    ----------
    port : 0 takes a free one
    blind : whether names and groups are hidden
    browser : whether the page is opened in the browser
    who : initials that the page offers
    """

    port: int = 0
    blind: bool = False
    browser: bool = True
    who: str = ""


def serve(
    study: Path, wish: Wish, *, said: Callable[[str], None], published: Callable[[RunSummary], None]
) -> None:
    """Serve the pages of a study until a person presses Ctrl-C.

    Parameters
    ----------
    study : the study file
    said : takes the address, once the app listens
    published : called after each run, with the results brought up to date

    Raises
    ------
    StudyError : the study cannot be reviewed, or the port is taken
    """
    sitting = Sitting(study, blind=wish.blind, published=published, who=wish.who)
    with listening(wish.port) as listener:
        session = Session(secrets.token_urlsafe(32), listener.getsockname()[1])

        def ready() -> None:
            said(session.address)
            if wish.browser:
                webbrowser.open(session.address)

        app = make_app(sitting, session, page_files(sitting.analyses))
        config = uvicorn.Config(
            app, lifespan="off", ws="none", log_level="error", access_log=False, server_header=False
        )
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says it is ready once it answers, and once Ctrl-C ends it in order."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await asyncio.to_thread(self._ready)


def listening(port: int) -> socket.socket:
    """Return a socket that listens on the loopback address. Raises StudyError where the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(64)
    except (OSError, OverflowError) as error:
        listener.close()
        raise StudyError(
            f"Port {port} cannot be used: {error}. Leave --port out and a free one is taken."
        ) from error
    return listener
