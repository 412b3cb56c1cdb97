"""Sends the HL7 messages of a file by python-hl7 over MLLP, one a paragraph, and reads each answer.

ADDRESS PORT FILE
"""

import sys

import hl7
from hl7.client import MLLPClient

address, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(name, encoding="utf-8") as file:
    messages = [hl7.parse(text.strip().replace("\n", "\r")) for text in file.read().split("\n\n")]
with MLLPClient(address, port) as client:
    for message in messages:
        answer = client.send_message(message).decode().strip("\x0b\x1c\r")
        assert hl7.parse(answer).segment("MSA")[1][0] == "AA", answer
