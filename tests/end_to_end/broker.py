"""A mosquitto for a test, and a client of it that keeps what it hears."""

import json
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.peers import require
from tests.waiting import PATIENCE_S, eventually


class Broker:
    """mosquitto on one port of loopback; may be stopped and started again, and remembers."""

    def __init__(self, folder: Path, port: int, *, more: str = "allow_anonymous true") -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._conf, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        self._conf.write_text(
            f"listener {port} 127.0.0.1\n{more}\npersistence true\nuser root\n"
            f"persistence_location {folder}/\nmax_queued_messages 0\nmax_inflight_messages 0\n",
            encoding="utf-8",
        )

    def start(self) -> None:
        program = require("mosquitto")
        with self._log.open("ab") as log:
            command = [program, "-c", str(self._conf), "-v"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        began = self._text().count("running")
        eventually(lambda: self._text().count("running") > began or self._answers())

    def stop(self) -> None:
        """End it as an operator would: it saves what it must remember."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=PATIENCE_S)
            self._process = None

    def _text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.disconnect()
        return True


@contextmanager
def broker(folder: Path, port: int, **options: str) -> Iterator[Broker]:
    """A running mosquitto while the block runs."""
    running = Broker(folder, port, **options)
    running.start()
    try:
        yield running
    finally:
        running.stop()


class Subscriber:
    """A client with a session that outlives connections; keeps every message by its topic."""

    def __init__(self, port: int, topic: str = "#") -> None:
        self._port, self._topic = port, topic
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        self.subscribed = False
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._ready
        self._client.on_message = self._keep

    def __enter__(self) -> "Subscriber":
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        eventually(lambda: self.subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def documents(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(text) for text in list(self.heard[topic])]

    def last(self, topic: str) -> str:
        return self.heard[topic][-1].decode() if self.heard[topic] else ""

    def _connected(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(self._topic, qos=1)

    def _ready(self, *_: Any) -> None:
        self.subscribed = True

    def _keep(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.heard[message.topic].append(bytes(message.payload))


def quiet(heard: Subscriber, seconds: float = 1.0) -> None:
    """Wait until nothing new came for a while."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        count = sum(map(len, heard.heard.values()))
        if count != before:
            before, since = count, time.monotonic()
        time.sleep(0.05)
