"""Makes the clinical material of the bench: a small hospital's dialogues between two namespaces, captured.

Argument: the capture to write. Images by DCMTK (dump2dcm, storescu, storescp) of 50 modality addresses, HL7 v2 over MLLP
(90 devices, 900 connections, 7,370 messages with answers), ASTM E1381 (28 analysers, 400 sessions). Needs root,
`ip`, `tcpdump` and DCMTK. Patients are invented, pixels are noise. Each address gets a hardware address of a medical
maker, since a virtual cable has but two of its own.
"""

import concurrent.futures
import contextlib
import ctypes
import fcntl
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve()
MODALITIES, DEVICES, ANALYSERS = 50, 90, 28
CONNECTIONS, MESSAGES, SESSIONS = 900, 7_370, 400
SERVER = "10.20.0.2"
ENQ, ACK, EOT = b"\x05", b"\x06", b"\x04"
SIOCETHTOOL = 0x8946
# Registrants of addresses, as data/fingerprints/oui.tsv writes them.
MAKERS = ("Philips", "GE Medical", "Siemens Healthineers", "Draeger", "Baxter", "Roche", "Sysmex", "Abbott",
          "Beckman", "Mindray", "Nihon Kohden", "Hologic", "Canon Medical", "FUJIFILM", "Carestream", "Welch Allyn",
          "Spacelabs", "Masimo", "B. Braun", "Radiometer", "Bio-Rad", "Zoll", "Smiths Medical", "Fresenius")
# Modality, storage class, rows, columns, samples of a pixel, bits, images of one study.
STUDIES = (
    ("CT", "1.2.840.10008.5.1.4.1.1.2", 512, 512, 1, 16, 6),
    ("MR", "1.2.840.10008.5.1.4.1.1.4", 320, 320, 1, 16, 9),
    ("US", "1.2.840.10008.5.1.4.1.1.6.1", 480, 640, 3, 8, 2),
    ("CR", "1.2.840.10008.5.1.4.1.1.1", 1024, 1024, 1, 16, 1),
    ("NM", "1.2.840.10008.5.1.4.1.1.20", 256, 256, 1, 16, 8),
)


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def inside(space, *command):
    return ["ip", "netns", "exec", space, *map(str, command)]


def address(kind, number):
    return f"10.20.{kind}.{number + 10}"


def plain_frames(interface):
    """Turns segmentation by the interface off: a mirror port shows frames of the wire's size."""
    with socket.socket() as control:
        for command in (0x1F, 0x21, 0x24, 0x2C):  # ETHTOOL_STSO, SUFO, SGSO, SGRO of linux/ethtool.h
            value = ctypes.create_string_buffer(struct.pack("II", command, 0), 8)
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):
                fcntl.ioctl(control, SIOCETHTOOL, request)


# ---- what the two ends do, each in its namespace

def images(folder):
    """Files for each study, made from a dump and raw noise."""
    noise = random.Random(1)
    made = []
    for name, sop, rows, columns, samples, bits, count in STUDIES:
        pixels = folder / f"{name}.raw"
        pixels.write_bytes(noise.randbytes(rows * columns * samples * bits // 8))
        for number in range(count):
            dump = folder / f"{name}{number}.dump"
            uid = f"1.2.826.0.1.3680043.10.999.{ord(name[0])}{ord(name[1])}.{number + 1}"
            dump.write_text(
                f"(0002,0010) UI =LittleEndianExplicit\n(0008,0016) UI [{sop}]\n(0008,0018) UI [{uid}]\n"
                f"(0008,0060) CS [{name}]\n(0008,0070) LO [Example Imaging]\n(0008,1010) SH [{name}-ROOM]\n"
                f"(0008,1090) LO [Scanner {name} 500]\n(0010,0010) PN [INVENTED^PATIENT]\n(0010,0020) LO [INV0001]\n"
                f"(0018,1000) LO [{name}77{number:03}]\n(0018,1020) LO [V 4.2]\n"
                f"(0020,000d) UI [{uid}.1]\n(0020,000e) UI [{uid}.2]\n(0028,0002) US {samples}\n"
                f"(0028,0004) CS [{'RGB' if samples == 3 else 'MONOCHROME2'}]\n(0028,0010) US {rows}\n"
                f"(0028,0011) US {columns}\n(0028,0100) US {bits}\n(0028,0101) US {bits}\n(0028,0102) US {bits - 1}\n"
                f"(0028,0103) US 0\n(7fe0,0010) {'OW' if bits == 16 else 'OB'} ={pixels}\n"
            )
            file = folder / f"{name}{number}.dcm"
            run("dump2dcm", "-g", dump, file)
            made.append((name, file))
    return made


def store(folder):
    studies = images(folder)
    for number in range(MODALITIES):
        name = STUDIES[number % len(STUDIES)][0]
        files = [file for modality, file in studies if modality == name]
        run("ip", "route", "replace", f"{SERVER}/32", "dev", "eth0", "src", address(1, number))
        run("storescu", "-R", "-aet", f"{name}{number:02}", "-aec", "ARCHIVE", SERVER, "11112", *files)
    run("ip", "route", "del", f"{SERVER}/32")


def result(device, number, noise):
    lines = [
        f"MSH|^~\\&|MON{device:02}|WARD{device % 9}|HIS|HOSPITAL|20240101{number % 86400:06}||"
        f"{'ADT^A08^ADT_A01' if number % 6 == 0 else 'ORU^R01^ORU_R01'}|{number:08}|P|2.5.1",
        f"PID|1||INV{number % 500:05}^^^HOSPITAL^MR||INVENTED^PATIENT||19700101|U",
        f"PV1|1|I|ICU^BED{device:02}",
        f"OBR|1|ORD{number}||VITALS|||20240101000000",
    ]
    for item in range(noise.randrange(6, 14)):
        lines.append(f"OBX|{item + 1}|NM|{147842 + item}^MDC_ITEM_{item}^MDC|1.1.{item}|{noise.randrange(50, 180)}"
                     f"|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20240101000000||||{device:08X}^^00{device:012X}^EUI-64")
    return "\r".join(lines).encode() + b"\r"


def frame_end(stream, end):
    data = b""
    while not data.endswith(end):
        more = stream.recv(65536)
        if not more:
            return b""
        data += more
    return data


def hl7():
    noise, sent = random.Random(2), 0
    for connection in range(CONNECTIONS):
        device = connection % DEVICES
        share = MESSAGES * (connection + 1) // CONNECTIONS - MESSAGES * connection // CONNECTIONS
        with socket.create_connection((SERVER, 2575), source_address=(address(2, device), 0)) as stream:
            for _ in range(share):
                sent += 1
                stream.sendall(b"\x0b" + result(device, sent, noise) + b"\x1c\r")
                frame_end(stream, b"\x1c\r")


def astm():
    noise = random.Random(3)
    for session in range(SESSIONS):
        analyser = session % ANALYSERS
        records = [f"H|\\^&|||Analyser{analyser % 7}^1.{analyser % 4}^SN{analyser:05}|||||||P|E1394-97|20240101000000",
                   f"P|1||INV{session:05}", f"O|1|S{session:06}||^^^ALL|R"]
        records += [f"R|{n + 1}|^^^TEST{n}|{noise.randrange(1, 400)}|mg/dL||N||F" for n in range(noise.randrange(4, 16))]
        records.append("L|1|N")
        with socket.create_connection((SERVER, 9100 + analyser % 3), source_address=(address(3, analyser), 0)) as stream:
            stream.sendall(ENQ)
            stream.recv(1)
            for number, record in enumerate(records):
                body = str((number + 1) % 8).encode() + record.encode() + b"\r\x03"
                stream.sendall(b"\x02" + body + f"{sum(body) % 256:02X}".encode() + b"\r\n")
                stream.recv(1)
            stream.sendall(EOT)
            time.sleep(0.001)


def clients(folder):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for work in [pool.submit(store, pathlib.Path(folder)), pool.submit(hl7), pool.submit(astm)]:
            work.result()


def serve(port, answer):
    listener = socket.create_server(("0.0.0.0", port), backlog=64)

    def one(stream):
        with stream:
            while answer(stream):
                pass

    def all_of_them():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=all_of_them, daemon=True).start()


def answer_hl7(stream):
    message = frame_end(stream, b"\x1c\r")
    if not message:
        return False
    control = message.split(b"|", 10)[9]
    stream.sendall(b"\x0bMSH|^~\\&|HIS|HOSPITAL|MON|WARD|20240101000000||ACK^R01^ACK|A" + control
                   + b"|P|2.5.1\rMSA|AA|" + control + b"\r\x1c\r")
    return True


def answer_astm(stream):
    data = stream.recv(65536)
    if data and not data.endswith(EOT):
        stream.sendall(ACK)
    return bool(data) and not data.endswith(EOT)


def servers(folder):
    serve(2575, answer_hl7)
    for port in (9100, 9101, 9102):
        serve(port, answer_astm)
    subprocess.run(["storescp", "--fork", "--ignore", "-aet", "ARCHIVE", "-od", folder, "11112"], check=False)


# ---- the cable between them

def hardware(number):
    prefixes = []
    with open(HERE.parents[2] / "data/fingerprints/oui.tsv", encoding="utf-8") as listing:
        for line in listing:
            name, _, prefix = line.rstrip("\n").partition("\t")
            if len(prefix) == 6 and name.startswith(MAKERS):
                prefixes.append(prefix)
    return bytes.fromhex(prefixes[number % len(prefixes)]) + number.to_bytes(3)


def dress(source, target):
    """Writes the capture again with a hardware address for each network address."""
    known = {}

    def of(ip):
        if ip not in known:
            known[ip] = hardware(len(known))
        return known[ip]

    with open(source, "rb") as raw, open(target, "wb") as out:
        out.write(raw.read(24))
        while len(head := raw.read(16)) == 16:
            frame = raw.read(struct.unpack("<I", head[8:12])[0])
            if frame[12:14] == b"\x08\x00":
                frame = of(frame[30:34]) + of(frame[26:30]) + frame[12:]
            out.write(head + frame)


def capture(output):
    near, far = f"bench-near-{os.getpid()}", f"bench-far-{os.getpid()}"
    folder = pathlib.Path(tempfile.mkdtemp())
    running = []
    try:
        for space in (near, far):
            run("ip", "netns", "add", space)
        run("ip", "link", "add", "eth0", "netns", near, "type", "veth", "peer", "name", "eth0", "netns", far)
        own = [address(kind, n) for kind, count in ((1, MODALITIES), (2, DEVICES), (3, ANALYSERS)) for n in range(count)]
        for space, addresses in ((near, own), (far, [SERVER])):
            for each in addresses:
                run(*inside(space, "ip", "addr", "add", f"{each}/16", "dev", "eth0"))
            run(*inside(space, "ip", "link", "set", "lo", "up"))
            run(*inside(space, "ip", "link", "set", "eth0", "up"))
            run(*inside(space, sys.executable, HERE, "plain-frames", "eth0"))
        raw = folder / "raw.pcap"
        running.append(subprocess.Popen(inside(far, "tcpdump", "-q", "-i", "eth0", "-B", "65536", "-s", "0", "-w", raw,
                                               "-Z", "root", "ip"), stderr=subprocess.DEVNULL))
        running.append(subprocess.Popen(inside(far, sys.executable, HERE, "servers", folder)))
        time.sleep(2)
        run(*inside(near, sys.executable, HERE, "clients", folder))
        time.sleep(2)
        running[0].terminate()
        running[0].wait()
        dress(raw, output)
    finally:
        for process in running:
            process.terminate()
        for space in (near, far):
            for pid in subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True).stdout.split():
                subprocess.run(["kill", pid], check=False)
            subprocess.run(["ip", "netns", "del", space], check=False)
        shutil.rmtree(folder)


def main():
    match sys.argv[1:]:
        case ["plain-frames", interface]:
            plain_frames(interface)
        case ["servers", folder]:
            servers(folder)
        case ["clients", folder]:
            clients(folder)
        case [output]:
            capture(output)
        case _:
            sys.exit(__doc__)


main()
