"""A DICOM archive by pynetdicom that answers to one title: ADDRESS PORT TITLE."""

import sys

from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification

address, port, title = sys.argv[1], int(sys.argv[2]), sys.argv[3]
archive = AE(ae_title=title)
archive.require_called_aet = True
archive.add_supported_context(Verification)
archive.add_supported_context(CTImageStorage)
handlers = [
    (evt.EVT_C_STORE, lambda event: 0x0000),
    (evt.EVT_USER_ID, lambda event: (True, None)),
]
archive.start_server((address, port), block=True, evt_handlers=handlers)
