"""Who may change something from a page: an authenticated operator, from this agent's own page."""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.requests import Request

from agent.expose.http.basic_auth import credentials

_OWN = ("same-origin", "none")  # 'none' is a person's own doing: an address typed in


class Forbidden(Exception):
    """The request may not change anything; the text says why, for the person who sent it."""


class CsrfGuard:
    """Tells operators from readers. Without passwords there are no operators.

    ``users`` are those of web.yml; the middleware has checked the password of whoever gets here.
    Tokens are of this process: after a restart a page has to be fetched again.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)

    def operator(self, request: Request) -> str | None:
        """The name of who asks, None for who may only look."""
        login = credentials(request.headers.get("authorization", ""))
        return login[0] if login is not None and login[0] in self._users else None

    def token(self, request: Request) -> str:
        """What a form carries to show that it was made here for this person; empty for others."""
        who = self.operator(request)
        return self._token(who) if who is not None else ""

    def admit(self, request: Request, token: str) -> str:
        """The operator who may change what the request asks for. Raises Forbidden.

        A page elsewhere can make a browser send the password along, but neither read the token
        nor change what the browser says of where the request comes from (Fetch standard, Sec-Fetch
        headers; RFC 6454, Origin).
        """
        who = self.operator(request)
        if who is None:
            raise Forbidden("only an operator may do that: give passwords in http.web_config")
        if request.headers.get("sec-fetch-site", "none") not in _OWN:
            raise Forbidden("only this agent's own pages may ask for that")
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
            raise Forbidden("only this agent's own pages may ask for that")
        if not hmac.compare_digest(token.encode(), self._token(who).encode()):
            raise Forbidden("the page is of an earlier start of the agent; open it again")
        return who

    def _token(self, who: str) -> str:
        return hmac.digest(self._key, who.encode(), sha256).hex()
