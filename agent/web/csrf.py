"""Access control for actions: an authenticated operator, on a page of this agent."""

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

from starlette.requests import Request

from agent.expose.http.basic_auth import credentials
from agent.expose.http.same_origin import from_own_page


class Forbidden(Exception):
    """The request may not change anything; the message gives the reason to the user."""


class CsrfGuard:
    """Checks that a request comes from an operator and carries that operator's CSRF token.

    ``users`` are those of web.yml; the middleware has already checked the password. Without users
    there are no operators. The key of the tokens is random per process, so after a restart a page
    has to be loaded again.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)

    def operator(self, request: Request) -> str | None:
        """Return the user name of the request if it is an operator's, else None."""
        login = credentials(request.headers.get("authorization", ""))
        return login[0] if login is not None and login[0] in self._users else None

    def token(self, request: Request) -> str:
        """Return the CSRF token for the forms of a page; empty if the user is not an operator."""
        who = self.operator(request)
        return self._token(who) if who is not None else ""

    def sender(self, request: Request) -> str:
        """Return the user name of an operator on a page of this agent. Raises Forbidden.

        This needs only the headers: nobody else's body is worth waiting for.
        """
        who = self.operator(request)
        if who is None:
            raise Forbidden("only an operator may do this: configure users in http.web_config")
        if not from_own_page(request.headers):
            raise Forbidden("only a page of this agent may send this request")
        return who

    def admit(self, request: Request, token: str) -> str:
        """Return the user name of the operator who sent the request. Raises Forbidden.

        A page of another site can make a browser send the password along, but it can neither read
        the token nor change the headers by which the browser reports the origin of the request.
        """
        who = self.sender(request)
        if not hmac.compare_digest(token.encode(), self._token(who).encode()):
            raise Forbidden("the agent has restarted since the page was loaded; reload the page")
        return who

    def _token(self, who: str) -> str:
        return hmac.digest(self._key, who.encode(), sha256).hex()
