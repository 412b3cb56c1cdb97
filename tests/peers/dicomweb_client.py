"""An ultrasound machine over DICOMweb: stores an object in an archive, searches for it and fetches it back.

ADDRESS PORT OBJECT
"""

import json
import sys
import urllib.request

base = f"http://{sys.argv[1]}:{sys.argv[2]}/dicom-web"
with open(sys.argv[3], "rb") as file:
    content = file.read()


def ask(path, accept, body=None, kind=None):
    headers = {"Accept": accept, "User-Agent": "ExampleSono/5.1"}
    if kind:
        headers["Content-Type"] = kind
    with urllib.request.urlopen(urllib.request.Request(base + path, body, headers), timeout=60) as answer:
        return answer.read()


part = b"--part\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--part--\r\n"
kind = 'multipart/related; type="application/dicom"; boundary=part'
stored = json.loads(ask("/studies", "application/dicom+json", part, kind))
assert "00081199" in stored, stored
found = json.loads(ask("/studies?PatientID=PX-7741905", "application/dicom+json"))
study = found[0]["0020000D"]["Value"][0]
assert b"DICM" in ask(f"/studies/{study}", 'multipart/related; type="application/dicom"')
