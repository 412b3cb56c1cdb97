"""A scanner by pynetdicom: names a user with a password, stores an image, then calls a title that is not there.

ADDRESS PORT CALLING CALLED IMAGE
"""

import sys

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.sop_class import CTImageStorage, Verification

address, port, calling, called, image = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]
scanner = AE(ae_title=calling)
scanner.add_requested_context(Verification)
scanner.add_requested_context(CTImageStorage)

identity = UserIdentityNegotiation()
identity.user_identity_type = 2
identity.positive_response_requested = True
identity.primary_field = b"ct-service"
identity.secondary_field = b"swordfish-8812"

association = scanner.associate(address, port, ae_title=called, ext_neg=[identity])
assert association.is_established
assert association.send_c_echo().Status == 0
assert association.send_c_store(dcmread(image)).Status == 0
association.release()

assert scanner.associate(address, port, ae_title="NOT_HERE").is_rejected
