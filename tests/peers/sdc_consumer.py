"""A monitor by sdc11073: looks for a provider, asks it who it is and subscribes to its reports.

ADDRESS [FOLDER WITH userkey.pem usercert.pem cacert.pem]
"""

import logging
import sys
import time

from sdc11073.certloader import mk_ssl_contexts_from_folder
from sdc11073.consumer.consumerimpl import SdcConsumer
from sdc11073.definitions_sdc import SdcV1Definitions
from sdc11073.mdib.consumermdib import ConsumerMdib
from sdc11073.wsdiscovery import WSDiscovery

logging.basicConfig(level=logging.WARNING)
keys = mk_ssl_contexts_from_folder(sys.argv[2]) if len(sys.argv) > 2 else None
discovery = WSDiscovery(sys.argv[1])
discovery.start()
services = []
for _ in range(20):
    services = discovery.search_services(types=SdcV1Definitions.MedicalDeviceTypesFilter, timeout=3)
    if services:
        break
assert services, "no provider answered"
consumer = SdcConsumer.from_wsd_service(services[0], ssl_context_container=keys)
consumer.start_all()
assert consumer.host_description.this_model.ModelName[0].text == "Evita V600"
ConsumerMdib(consumer).init_mdib()
time.sleep(1)
consumer.stop_all()
discovery.stop()
