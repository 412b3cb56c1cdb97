"""Receives HL7 messages by python-hl7 over MLLP and acknowledges each: ADDRESS PORT."""

import asyncio
import sys

from hl7.mllp import start_hl7_server


async def receive(reader, writer):
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            break
        writer.writemessage(message.create_ack())
        await writer.drain()


async def main(address, port):
    async with await start_hl7_server(receive, address, port) as server:
        await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
