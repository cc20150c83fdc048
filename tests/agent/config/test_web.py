"""web.yml: what it may say, what is said of its mistakes, and what it never gives away."""

import ssl
from pathlib import Path

import pytest

from agent.config import load_config
from agent.config.web import Web, exposure, load_web
from agent.model.errors import ConfigError
from tests.certificates import Authority

HASH = "$2y$04$" + "a" * 53
TLS = "tls_server_config:\n  cert_file: web.crt\n  key_file: web.key\n"
SITE = "racks: [{name: r, devices: [{name: d, url: 'snmp://h'}]}]\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority in the folder of web.yml, which has a pair ``web`` beside it."""
    made = Authority(tmp_path)
    made.issue("web")
    return made


def read(folder: Path, text: str) -> Web:
    (folder / "web.yml").write_text(text)
    return load_web(folder / "web.yml")


def said(folder: Path, text: str) -> list[str]:
    """What is wrong with ``text``, without the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return [str(p).replace(f"{folder}/", "") for p in caught.value.problems]


@pytest.mark.usefixtures("authority")
def test_everything_it_may_say(tmp_path: Path) -> None:
    web = read(
        tmp_path,
        TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        "  min_version: TLS13\n  max_version: TLS13\n"
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: sameorigin\n"
        "    Strict-Transport-Security: max-age=60\n"
        f"basic_auth_users: {{scraper: {HASH}}}\n",
    )
    assert web.users == {"scraper": HASH}
    assert web.headers == {
        "X-Frame-Options": "sameorigin",
        "Strict-Transport-Security": "max-age=60",
    }
    assert web.tls is not None
    assert web.tls.client_auth is ssl.CERT_REQUIRED
    assert web.tls.min_version == web.tls.max_version == "TLS13"
    assert web.tls.files() == tuple(tmp_path / name for name in ("web.crt", "web.key", "ca.pem"))
    assert HASH not in repr(web)


@pytest.mark.usefixtures("authority")
def test_what_it_leaves_out(tmp_path: Path) -> None:
    web = read(tmp_path, TLS)
    assert (web.users, web.headers) == ({}, {})
    assert web.tls is not None
    assert web.tls.client_auth is ssl.CERT_NONE
    assert web.tls.min_version == "TLS12"
    assert web.tls.max_version == "TLS13"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("client_auth_typ: x", "client_auth_typ: unknown key 'client_auth_typ'; did you mean"),
        ("client_auth_type: RequestClientCert", "client_auth_type: 'RequestClientCert' accepts"),
        ("client_auth_type: RequireAnyClientCert", "'RequireAnyClientCert' accepts certificates"),
        ("client_auth_type: Maybe", "client_auth_type: must be one of 'NoClientCert', 'Verify"),
        (
            "client_auth_type: VerifyClientCertIfGiven",
            "client_auth_type: VerifyClientCertIfGiven needs 'client_ca_file'",
        ),
        ("client_ca_file: ca.pem", "client_ca_file: no client is asked for a certificate"),
        ("min_version: TLS11", "min_version: must be 'TLS12' or 'TLS13', not 'TLS11'"),
        ("min_version: TLS13\n  max_version: TLS12", "max_version: TLS12 is less than"),
    ],
)
@pytest.mark.usefixtures("authority")
def test_a_mistake_in_tls(tmp_path: Path, line: str, says: str) -> None:
    (problem,) = said(tmp_path, f"{TLS}  {line}\n")
    assert problem.startswith(f"web.yml:{4 + line.count(chr(10))}: tls_server_config.")
    assert says in problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http_server_config: {http2: true}", "http_server_config.http2: HTTP/2 is not supported"),
        ("http_server_config: {headers: {Server: x}}", "headers.Server: unknown key 'Server'"),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            "headers.X-Frame-Options: must be 'deny' or 'sameorigin', not 'allow'",
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nb"}}',
            "headers.X-XSS-Protection: must be printable ASCII on one line",
        ),
        ("rate_limit: {burst: 1}", "rate_limit: unknown key 'rate_limit'"),
        (f"basic_auth_users: {{'a:b': {HASH}}}", "a user name must not be empty or contain ':'"),
    ],
)
def test_a_mistake_elsewhere(tmp_path: Path, text: str, says: str) -> None:
    (problem,) = said(tmp_path, text)
    assert problem.startswith("web.yml:1: ")
    assert says in problem


@pytest.mark.parametrize(
    ("users", "says"),
    [
        ("swordfish", "basic_auth_users: must be a mapping of user names"),
        ("{bob: swordfish}", "basic_auth_users.bob: is not a bcrypt hash; make one with"),
        ("{bob: 5150}", "basic_auth_users.bob: is not a bcrypt hash"),
        (
            f"{{bob: {HASH.replace('04', '17')}}}",
            "the cost of a bcrypt hash must be from 4 to 16, not 17",
        ),
    ],
)
def test_a_mistake_with_a_password_repeats_none(tmp_path: Path, users: str, says: str) -> None:
    (problem,) = said(tmp_path, f"\nbasic_auth_users: {users}")
    assert problem.startswith("web.yml:2: basic_auth_users")
    assert says in problem
    assert not any(secret in problem for secret in ("swordfish", "5150", "a" * 53))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert said(tmp_path, TLS) == [
        "web.yml:2: tls_server_config.cert_file: web.crt cannot be read: No such file or directory",
        "web.yml:3: tls_server_config.key_file: web.key cannot be read: No such file or directory",
    ]


def test_files_that_hold_something_else(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "ca.pem").write_text("nothing\n")
    ask = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"
    wrong = "web.yml:5: tls_server_config.client_ca_file: ca.pem holds no certificate (PEM)"
    assert said(tmp_path, TLS + ask) == [wrong]
    (tmp_path / "web.key").write_text("nothing\n")
    (problem,) = said(tmp_path, TLS)
    assert problem.startswith("web.yml:3: tls_server_config.key_file: web.key holds no private key")
    authority.issue("web", passphrase=b"secret")
    assert "without a passphrase" in said(tmp_path, TLS)[0]
    authority.issue("other")
    (problem,) = said(tmp_path, TLS.replace("web.key", "other.key"))
    assert problem.endswith("key_file: other.key is not the key of web.crt")


@pytest.mark.usefixtures("authority")
def test_a_site_names_it_and_the_command_line_wins(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE + "http: {web_config: web.yml}\n")
    (tmp_path / "web.yml").write_text(TLS)
    (tmp_path / "other.yml").write_text(f"basic_auth_users: {{scraper: {HASH}}}\n")
    assert load_config(site).web.tls is not None
    over = load_config(site, web_config=tmp_path / "other.yml").web
    assert (over.tls, over.users) == (None, {"scraper": HASH})
    site.write_text(SITE)
    assert load_config(site).web == Web()


def test_a_sites_problems_come_with_those_of_its_web_config(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE + "http: {web_config: web.yml}\nsites: x\n")
    with pytest.raises(ConfigError) as caught:
        load_config(site)
    assert [p.message.split(";")[0] for p in caught.value.problems] == ["unknown key 'sites'"]
    site.write_text(SITE + "http: {web_config: web.yml}\n")
    with pytest.raises(ConfigError, match=r"web\.yml: the file does not exist"):
        load_config(site)
    assert load_config(site, need_devices=False).web == Web()


@pytest.mark.usefixtures("authority")
def test_what_is_unsafe_to_serve(tmp_path: Path) -> None:
    users = f"basic_auth_users: {{scraper: {HASH}}}\n"
    ask = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
    assert "everything, unencrypted" in exposure("0.0.0.0", Web())
    assert "passwords and readings travel" in exposure("::", read(tmp_path, users))
    assert "add basic_auth_users" in exposure("10.0.0.1", read(tmp_path, TLS))
    assert exposure("10.0.0.1", read(tmp_path, TLS + users)) == ""
    assert exposure("10.0.0.1", read(tmp_path, TLS + ask)) == ""
    assert exposure("127.0.0.1", Web()) == exposure("::1", Web()) == ""
