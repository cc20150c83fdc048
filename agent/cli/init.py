"""``rackagent init``: write a configuration, a password and a systemd unit to start from."""

import secrets
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import bcrypt
import typer

from agent.cli import console
from agent.model.errors import ConfigError

_UNIT = "rackagent.service"
_CHECKOUT = Path(__file__).parents[2] / "configs" / "systemd"
_PASSWORD_BYTES = 18
_USER = "prometheus"

_SITE = """\
# The racks of this node. 'rackagent check {folder}/site.yaml' names every mistake;
# 'rackagent scan snmp://10.20.0.0/24' finds devices and writes their entries.
site: {site}

# Every device is polled this often unless it says otherwise.
defaults: {{interval: 10s, timeout: 2s, retries: 1}}

http:
  listen: 0.0.0.0:9847
  web_config: web.yml            # who may read: a password, and TLS once you have a certificate

# SIGHUP (systemctl reload rackagent) loads a changed file; 'watch' loads it without a signal.
reload: {{watch: true}}

# Alarms, states and devices that do not respond, kept over restarts.
events: {{path: {state}/events.db}}

# Readings to a broker; undelivered messages are kept on disk.
# mqtt:
#   url: mqtts://broker.example:8883
#   username: rackagent
#   password: {{file: secrets/mqtt-password}}
#   outbox: {{path: {state}/outbox.db}}

# Secrets come from files or the environment, and are never written here.
credentials:
  read-only: {{version: 2c, community: {{file: secrets/snmp-community}}}}
  # rack-v3:
  #   version: 3
  #   user: rackagent
  #   auth: {{protocol: SHA-256, secret: {{file: secrets/snmp-auth}}}}
  #   priv: {{protocol: AES-128, secret: {{file: secrets/snmp-priv}}}}

racks:
  - name: r01
    devices:
      # Documentation addresses: put your own in. 'auto' asks the device what it is.
      - {{name: pdu-a, url: "snmp://192.0.2.10", credentials: read-only, labels: {{feed: A}}}}
      - {{name: cdu, url: "modbus+tcp://192.0.2.20:502/12", profile: orv3-rpu}}
"""

_WEB = """\
# Who may read, in the format of Prometheus' exporters. Make another password's hash with
#   htpasswd -nbBC 10 "" PASSWORD | cut -d: -f2
basic_auth_users:
  {user}: {hash}

# Without TLS the password travels in the clear. With a certificate:
# tls_server_config:
#   cert_file: server.crt
#   key_file: server.key
#   min_version: TLS12
"""


def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder to write to; /etc/rackagent on most nodes.")
    ] = Path("/etc/rackagent"),
    site: Annotated[str, typer.Option(help="Name of the site, a label of every series.")] = "lab",
    state: Annotated[
        Path,
        typer.Option(
            help="Folder in which the service stores events and undelivered MQTT messages."
        ),
    ] = Path("/var/lib/rackagent"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write site.yaml, web.yml with a new password, a secret's file and the systemd unit.

    The password is printed once and stored only as a hash. Existing files are overwritten only with
    --force.
    """
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
    texts = {
        "site.yaml": _SITE.format(folder=folder, site=site, state=state),
        "web.yml": _WEB.format(user=_USER, hash=hashed),
        "secrets/snmp-community": "public\n",
        _UNIT: _unit_text(folder),
    }
    there = [name for name in texts if (folder / name).exists()]
    if there and not force:
        raise ConfigError(
            f"{folder} has {', '.join(there)} already; choose another folder, or overwrite with"
            " --force"
        )
    try:
        for name, text in texts.items():
            _write(folder / name, text, private=name != _UNIT)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from None
    for name in texts:
        console.out(str(folder / name))
    console.out(f"user {_USER}, password {password}")
    console.err(
        f"Next: edit {folder / 'site.yaml'}, then 'rackagent check {folder / 'site.yaml'}' and"
        f" 'rackagent run {folder / 'site.yaml'}'"
    )


def _write(path: Path, text: str, *, private: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600 if private else 0o644)
    path.chmod(0o600 if private else 0o644)
    path.write_text(text, encoding="utf-8")


def _unit_text(folder: Path) -> str:
    """Return the shipped unit for this folder, from the checkout or the installed package."""
    installed = Path(str(files("agent"))) / "data" / _UNIT
    path = installed if installed.exists() else _CHECKOUT / _UNIT
    return path.read_text(encoding="utf-8").replace("/etc/rackagent", str(folder))
