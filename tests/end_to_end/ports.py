"""Free ports on loopback for programs that must be told theirs."""

import socket


def free_udp_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    return _free(count, socket.SOCK_DGRAM)


def free_tcp_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    return _free(count, socket.SOCK_STREAM)


def _free(count: int, kind: socket.SocketKind) -> list[int]:
    sockets = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
