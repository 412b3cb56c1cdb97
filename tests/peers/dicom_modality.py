"""A scanner by pynetdicom: asks its worklist, then reports the step it performs from beginning to end.

ADDRESS PORT CALLING CALLED
"""

import sys

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind

address, port, calling, called = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]
scanner = AE(ae_title=calling)
scanner.add_requested_context(ModalityWorklistInformationFind)
scanner.add_requested_context(ModalityPerformedProcedureStep)
association = scanner.associate(address, port, ae_title=called)
assert association.is_established

scheduled = Dataset()
scheduled.Modality = "MR"
scheduled.ScheduledStationAETitle = calling
query = Dataset()
query.PatientName = ""
query.PatientID = ""
query.ScheduledProcedureStepSequence = [scheduled]
answers = list(association.send_c_find(query, ModalityWorklistInformationFind))
assert answers[0][0].Status == 0xFF00 and answers[-1][0].Status == 0

performed = Dataset()
performed.PatientName = "Quillfeather^Ottoline"
performed.PatientID = "PX-7741905"
performed.PerformedProcedureStepID = "PPS1"
performed.PerformedStationAETitle = calling
performed.PerformedStationName = "MR-ROOM-2"
performed.PerformedLocation = "Radiology B2"
performed.PerformedProcedureStepStatus = "IN PROGRESS"
performed.Modality = "MR"
instance = generate_uid()
status, _ = association.send_n_create(performed, ModalityPerformedProcedureStep, instance)
assert status.Status == 0

completed = Dataset()
completed.PerformedProcedureStepStatus = "COMPLETED"
status, _ = association.send_n_set(completed, ModalityPerformedProcedureStep, instance)
assert status.Status == 0
association.release()
