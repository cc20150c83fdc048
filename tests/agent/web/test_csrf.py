"""Who may change something: an operator, from a page of this agent, and nobody else."""

import base64

import pytest
from starlette.requests import Request

from agent.web.csrf import CsrfGuard, Forbidden

USERS = {"ada": "$2y$..."}


def request(user: str | None = "ada", **headers: str) -> Request:
    sent = {"host": "agent:9847"} | {n.replace("_", "-"): v for n, v in headers.items()}
    if user is not None:
        sent["authorization"] = "Basic " + base64.b64encode(f"{user}:pw".encode()).decode()
    listed = [(name.encode(), value.encode()) for name, value in sent.items()]
    return Request({"type": "http", "headers": listed})


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec_fetch_site": "same-origin"}, {"origin": "https://agent:9847"}],
    ids=["program", "page", "origin"],
)
def test_an_operator_on_our_own_page_is_let_in(headers: dict[str, str]) -> None:
    guard = CsrfGuard(USERS)
    asks = request(**headers)
    assert guard.operator(asks) == "ada"
    assert guard.admit(asks, guard.token(asks)) == "ada"


@pytest.mark.parametrize(
    ("user", "headers", "why"),
    [
        (None, {}, "only an operator"),
        ("eve", {}, "only an operator"),
        ("ada", {"sec_fetch_site": "cross-site"}, "page of this agent"),
        ("ada", {"sec_fetch_site": "same-site"}, "page of this agent"),
        ("ada", {"origin": "https://elsewhere"}, "page of this agent"),
        ("ada", {"origin": "null"}, "page of this agent"),
        ("ada", {"origin": "ftp://agent:9847"}, "page of this agent"),
        ("ada", {"origin": "http://[agent:9847"}, "page of this agent"),
    ],
    ids=[
        "nobody",
        "stranger",
        "other site",
        "same site",
        "other origin",
        "sandbox",
        "scheme",
        "bad",
    ],
)
def test_others_are_not(user: str | None, headers: dict[str, str], why: str) -> None:
    guard = CsrfGuard(USERS)
    asks = request(user, **headers)
    with pytest.raises(Forbidden, match=why):
        guard.admit(asks, guard.token(request()))


def test_a_token_is_of_its_person_and_of_its_process() -> None:
    guard, other = CsrfGuard({"ada": "", "bob": ""}), CsrfGuard(USERS)
    asks = request()
    for token in ("", "x", guard.token(request("bob")), other.token(asks)):
        with pytest.raises(Forbidden, match="reload the page"):
            guard.admit(asks, token)
    assert guard.token(request(None)) == ""


def test_without_passwords_nobody_is_an_operator() -> None:
    guard = CsrfGuard({})
    with pytest.raises(Forbidden, match=r"http\.web_config"):
        guard.admit(request(), "")
