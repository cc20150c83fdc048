"""Recognise requests that a page of another site makes a browser send."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN = ("same-origin", "none")  # 'none': the user typed the address
_SCHEMES = ("http", "https")


def from_own_page(headers: Mapping[str, str]) -> bool:
    """Return whether a request comes from a page of this agent, or from no page at all.

    A page cannot change the two headers by which a browser reports where a request comes from.
    ``Sec-Fetch-Site`` is sent only to HTTPS and loopback addresses (W3C Fetch Metadata), so
    ``Origin`` (RFC 6454) has to fit as well; a sandboxed page has the origin ``null``.
    """
    if headers.get("sec-fetch-site", "none") not in _OWN:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    return found.scheme in _SCHEMES and found.netloc == headers.get("host", "")
