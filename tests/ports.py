"""Ports for servers that tests start as processes of their own: no two test processes get the same one."""

import random
import socket

FIRST, LAST = 20_000, 32_000  # below the ports that the kernel gives to outgoing connections
_reserved: list[socket.socket] = []


def free_port() -> int:
    """A TCP port that nobody listens on, reserved for this process until it ends.

    The reservation is a UDP socket on the same number: it leaves the TCP port free for the server, and a
    second test process cannot bind it.
    """
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
        else:
            _reserved.append(reservation)
            return port
