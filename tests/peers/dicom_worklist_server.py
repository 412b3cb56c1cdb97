"""A worklist and performed-step provider by pynetdicom: answers every query with one entry, takes every step.

ADDRESS PORT TITLE
"""

import sys

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind

address, port, title = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def find(event):
    step = Dataset()
    step.Modality = "MR"
    step.ScheduledStationAETitle = "MR_BAY2"
    entry = Dataset()
    entry.PatientName = "Quillfeather^Ottoline"
    entry.PatientID = "PX-7741905"
    entry.ScheduledProcedureStepSequence = [step]
    yield 0xFF00, entry


server = AE(ae_title=title)
server.add_supported_context(ModalityWorklistInformationFind)
server.add_supported_context(ModalityPerformedProcedureStep)
handlers = [
    (evt.EVT_C_FIND, find),
    (evt.EVT_N_CREATE, lambda event: (0x0000, event.attribute_list)),
    (evt.EVT_N_SET, lambda event: (0x0000, event.modification_list)),
]
server.start_server((address, port), evt_handlers=handlers)
