"""Secrets stay out of logs and tracebacks."""

from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion


def test_secrets_do_not_print() -> None:
    credentials = SnmpCredentials(
        version=SnmpVersion.V3,
        community="community-secret",
        user="operator",
        auth_protocol=AuthProtocol.SHA256,
        auth_secret="auth-secret",
        priv_protocol=PrivProtocol.AES128,
        priv_secret="priv-secret",
    )
    assert "secret" not in repr(credentials)
    assert "operator" in repr(credentials)


def test_a_community_means_v2c() -> None:
    credentials = SnmpCredentials.with_community("rack")
    assert (credentials.version, credentials.community) == (SnmpVersion.V2C, "rack")
