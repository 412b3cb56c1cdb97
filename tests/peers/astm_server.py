"""A laboratory host over TCP: acknowledges ENQ and every frame whose checksum is right (ASTM E1381).

ADDRESS PORT
"""

import socket
import sys

ENQ, ACK, NAK, STX, EOT, LF = b"\x05", b"\x06", b"\x15", b"\x02", b"\x04", b"\n"


def frame_is_right(frame):
    body, digits = frame[1:-4], frame[-4:-2]
    return f"{sum(body) % 256:02X}".encode() == digits


def serve(connection):
    frame = b""
    while byte := connection.recv(1):
        if byte == ENQ:
            connection.sendall(ACK)
        elif byte == STX:
            frame = byte
        elif frame:
            frame += byte
            if byte == LF and frame[-5:-4] in b"\x03\x17":
                connection.sendall(ACK if frame_is_right(frame) else NAK)
                frame = b""


with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
    while True:
        with listener.accept()[0] as connection:
            serve(connection)
