"""A ventilator by sdc11073: announces itself, and serves its description to consumers, by TLS where it has keys.

ADDRESS READY-PORT [FOLDER WITH userkey.pem usercert.pem cacert.pem]
"""

import logging
import socket
import sys
import time
import uuid

from sdc11073.certloader import mk_ssl_contexts_from_folder
from sdc11073.location import SdcLocation
from sdc11073.mdib import ProviderMdib
from sdc11073.provider import SdcProvider
from sdc11073.wsdiscovery import WSDiscovery
from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

logging.basicConfig(level=logging.WARNING)
address, ready = sys.argv[1], int(sys.argv[2])
keys = mk_ssl_contexts_from_folder(sys.argv[3]) if len(sys.argv) > 3 else None

PARTICIPANT = "http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"
MESSAGE = "http://standards.ieee.org/downloads/11073/11073-10207-2017/message"
SEQUENCE = uuid.uuid4().urn
# A medical device system without measurements: what it is, and where it may stand.
MDIB = f"""<msg:GetMdibResponse xmlns:msg="{MESSAGE}" xmlns:pm="{PARTICIPANT}"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" MdibVersion="0" SequenceId="{SEQUENCE}">
 <msg:Mdib MdibVersion="0" SequenceId="{SEQUENCE}">
  <pm:MdDescription DescriptionVersion="0">
   <pm:Mds Handle="mds0" DescriptorVersion="0" SafetyClassification="MedA">
    <pm:Type Code="70001"/>
    <pm:MetaData>
     <pm:Manufacturer>Draeger</pm:Manufacturer>
     <pm:ModelName>Evita V600</pm:ModelName>
     <pm:SerialNumber>ASRJ-0117</pm:SerialNumber>
    </pm:MetaData>
    <pm:SystemContext Handle="context0" DescriptorVersion="0">
     <pm:PatientContext Handle="patient0" DescriptorVersion="0"/>
     <pm:LocationContext Handle="location0" DescriptorVersion="0"/>
    </pm:SystemContext>
   </pm:Mds>
  </pm:MdDescription>
  <pm:MdState StateVersion="0">
   <pm:State xsi:type="pm:MdsState" DescriptorHandle="mds0" DescriptorVersion="0" StateVersion="0"/>
   <pm:State xsi:type="pm:SystemContextState" DescriptorHandle="context0" DescriptorVersion="0" StateVersion="0"/>
  </pm:MdState>
 </msg:Mdib>
</msg:GetMdibResponse>"""

model = ThisModelType(manufacturer="Draeger", model_name="Evita V600", model_number="V600")
device = ThisDeviceType(friendly_name="Ventilator ICU 7", firmware_version="2.50.1", serial_number="ASRJ-0117")
discovery = WSDiscovery(address)
discovery.start()
provider = SdcProvider(
    discovery,
    model,
    device,
    ProviderMdib.from_string(MDIB.encode()),
    epr=uuid.UUID("6c1d7c9e-4f1b-4f7a-9a51-0a77c0de0117"),
    ssl_context_container=keys,
)
provider.start_all(start_rtsample_loop=False)
provider.set_location(SdcLocation(fac="NORTH", poc="ICU", bed="7"))
waiting = socket.create_server((address, ready))
time.sleep(600)
