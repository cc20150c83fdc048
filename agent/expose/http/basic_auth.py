"""HTTP basic authentication with bcrypt hashes."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping

import bcrypt
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_KNOWN_MAX = 128  # cached logins, so that a scrape costs a digest instead of a bcrypt
_CHECKS_AT_ONCE = 1  # bcrypt uses a whole core; wrong passwords must not delay the polls
_WAITING_MAX = 16  # logins that wait for their check; each holds a connection
_PASSWORD_BYTES = 72  # bcrypt ignores further bytes, so longer passwords would be equal
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="rackagent", charset="UTF-8"'}
# A client without a valid login keeps no connection: there are few, and scrapers need them.
_CLOSE = {"Connection": "close"}


class TooManyLogins(Exception):
    """Too many passwords wait for their check."""


class BasicAuth:
    """ASGI middleware: 401 for every path unless the request carries a user and password."""

    def __init__(self, app: ASGIApp, users: Mapping[str, str]) -> None:
        self._app = app
        self._logins = Logins(users)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application if the login is valid, else respond 401."""
        login = credentials(Headers(scope=scope).get("authorization", ""))
        answer = PlainTextResponse("Unauthorized\n", 401, headers=_CHALLENGE | _CLOSE)
        try:
            if login is not None and await self._logins.valid(*login):
                await self._app(scope, receive, send)
                return
        except TooManyLogins:
            text = "too many logins are being checked; try again\n"
            answer = PlainTextResponse(text, 503, headers={"Retry-After": "1"} | _CLOSE)
        await answer(scope, receive, send)


def credentials(header: str) -> tuple[str, bytes] | None:
    """Return user and password of an ``Authorization`` header; None if it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, UnicodeError, ValueError):
        return None


class Logins:
    """Checks passwords. An unknown user takes as long as the most expensive hash.

    Only valid logins are cached, as digests with a key of this process. So memory contains no
    password, and many wrong ones do not displace the login of a scraper.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {user: hashed.encode() for user, hashed in users.items()}
        self._decoy = max(self._users.values(), key=_cost)
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._turn = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._waiting = 0

    async def valid(self, user: str, password: bytes) -> bool:
        """Return whether ``password`` is that of ``user``. Raises TooManyLogins."""
        if len(password) > _PASSWORD_BYTES:
            return False
        name = user.encode()
        # User names contain no ':', so the digests of two logins differ.
        digest = hmac.digest(self._key, name + b":" + password, hashlib.sha256)
        if digest in self._known:
            self._known.move_to_end(digest)
            return True
        hashed = self._users.get(user, self._decoy)
        if self._waiting >= _WAITING_MAX:
            raise TooManyLogins
        self._waiting += 1
        try:
            async with self._turn:
                right = await asyncio.to_thread(_matches, password, hashed)
        finally:
            self._waiting -= 1
        if not right or user not in self._users:
            return False
        self._known[digest] = None
        while len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)
        return True


def _cost(hashed: bytes) -> bytes:
    return hashed[4:6]


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # a hash of the right shape that bcrypt cannot read
        return False
