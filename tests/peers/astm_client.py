"""An instrument over TCP: sends the records of a file, a frame each, one message a paragraph (ASTM E1381).

Long records are split at 240 characters, each message has a connection of its own. ADDRESS PORT FILE
"""

import socket
import sys

ENQ, ACK, EOT = b"\x05", b"\x06", b"\x04"
ROOM = 240


def frames(records):
    number = 0
    for record in records:
        text = record.encode("latin-1") + b"\r"
        parts = [text[at : at + ROOM] for at in range(0, len(text), ROOM)]
        for part in parts:
            number = (number + 1) % 8
            end = b"\x03" if part is parts[-1] else b"\x17"
            body = str(number).encode() + part + end
            yield b"\x02" + body + f"{sum(body) % 256:02X}".encode() + b"\r\n"


def say(connection, data):
    connection.sendall(data)
    answer = connection.recv(1)
    assert answer == ACK, answer


address, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(name, encoding="latin-1") as file:
    messages = file.read().strip("\n").split("\n\n")
for message in messages:
    with socket.create_connection((address, port)) as connection:
        say(connection, ENQ)
        for frame in frames(message.split("\n")):
            say(connection, frame)
        connection.sendall(EOT)
