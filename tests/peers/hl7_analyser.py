"""An analyser by hl7apy: reports a result as IHE LAW asks (LAB-29), and reads the acknowledgement.

ADDRESS PORT
"""

import socket
import sys

from hl7apy.core import Message
from hl7apy.parser import parse_message

message = Message("OUL_R22", version="2.5.1")
header = message.msh
header.msh_3, header.msh_4, header.msh_5, header.msh_6 = "Chem9000", "ExampleDx", "LIS", "LAB"
header.msh_7, header.msh_9, header.msh_10, header.msh_11 = "20260302090000", "OUL^R22^OUL_R22", "LAW1", "P"
header.msh_18, header.msh_21 = "UNICODE UTF-8", "LAB-29^IHE"
specimen = message.add_group("OUL_R22_SPECIMEN")
specimen.add_segment("SPM").value = "SPM|1|S20422&Chem9000||SER^^HL70487"
order = specimen.add_group("OUL_R22_ORDER")
order.add_segment("OBR").value = "OBR|1|S20422||GLU^Glucose^L"
result = order.add_group("OUL_R22_OBXTCDSIDNTE_SUPPGRP")
result.add_segment("OBX").value = (
    "OBX|1|NM|GLU^Glucose^L|1|5.4|mmol/L||N|||F|||||OP1||Chem9000^ExampleDx~BX407-1177^ExampleDx|20260302085900"
)
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60) as connection:
    connection.sendall(message.to_mllp().encode())
    answer = b""
    while not answer.endswith(b"\x1c\r"):
        answer += connection.recv(4096)
acknowledgement = parse_message(answer.strip(b"\x0b\x1c\r").decode(), find_groups=False)
assert acknowledgement.msa.msa_1.value == "AA"
