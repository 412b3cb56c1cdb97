//! Interfaces by their UUIDs (the MS- specifications' section 1.9, the OPC and PROFINET standards).

use wardline_wire::{Fault, Reader};

/// A UUID, as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uuid(u128);

impl Uuid {
    /// Reads one: its first three parts are numbers in the sender's byte order.
    pub(super) fn read(reader: &mut Reader<'_>, little: bool) -> Result<Self, Fault> {
        let mut bytes = reader.array::<16>("UUID")?;
        if little {
            let [a, b, c, d, e, f, g, h, ..] = bytes;
            let swapped = [d, c, b, a, f, e, h, g];
            for (byte, swapped) in bytes.iter_mut().zip(swapped) {
                *byte = swapped;
            }
        }
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    /// Whether it names nothing.
    pub(super) const fn is_nil(self) -> bool {
        self.0 == 0
    }

    /// Whether it is the endpoint mapper's.
    pub(super) const fn is_mapper(self) -> bool {
        self.0 == 0xe1af_8308_5d1f_11c9_91a4_0800_2b14_a0fa
    }

    /// The interface's known name, else the UUID as people write it.
    pub(super) fn name(self) -> String {
        if let Some((_, name)) = KNOWN.iter().find(|(known, _)| *known == self.0) {
            return (*name).to_owned();
        }
        let digits = format!("{:032x}", self.0);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

/// The interfaces of Windows, of OPC and of PROFINET that are met, by the short names of their specifications.
const KNOWN: &[(u128, &str)] = &[
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, "epmapper"),
    (0xafa8bd80_7d8a_11c9_bef4_08002b102989, "mgmt"),
    (0x12345778_1234_abcd_ef00_0123456789ab, "lsarpc"),
    (0x12345778_1234_abcd_ef00_0123456789ac, "samr"),
    (0x12345678_1234_abcd_ef00_01234567cffb, "netlogon"),
    (0x4b324fc8_1670_01d3_1278_5a47bf6ee188, "srvsvc"),
    (0x6bffd098_a112_3610_9833_46c3f87e345a, "wkssvc"),
    (0x367abb81_9844_35f1_ad32_98f038001003, "svcctl"),
    (0x338cd001_2244_31f1_aaaa_900038001003, "winreg"),
    (0x12345678_1234_abcd_ef00_0123456789ab, "spoolss"),
    (0x76f03f96_cdfd_44fc_a22c_64950a001209, "winspool"),
    (0x1ff70682_0a51_30e8_076d_740be8cee98b, "atsvc"),
    (0x86d35949_83c9_4044_b424_db363231fd0c, "taskscheduler"),
    (0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, "drsuapi"),
    (0x3919286a_b10c_11d0_9ba8_00c04fd92ef5, "dssetup"),
    (0x82273fdc_e32a_18c3_3f78_827929dc23ea, "eventlog"),
    (0xf6beaff7_1e19_4fbb_9f8f_b89e2018337c, "eventlog6"),
    (0xc681d488_d850_11d0_8c52_00c04fd90f7e, "efsrpc"),
    (0xdf1941c5_fe89_4e79_bf10_463657acf44d, "efsrpc"),
    (0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, "dcom-remote-activation"),
    (0x000001a0_0000_0000_c000_000000000046, "dcom-system-activator"),
    (0x99fcfec4_5260_101b_bbcb_00aa0021347a, "dcom-object-exporter"),
    (0x00000131_0000_0000_c000_000000000046, "dcom-rem-unknown"),
    (0x00000143_0000_0000_c000_000000000046, "dcom-rem-unknown2"),
    (0xf309ad18_d86a_11d0_a075_00c04fb68820, "wmi-login"),
    (0x9556dc99_828c_11cf_a37e_00aa003240c7, "wmi-services"),
    (0xd4781cd6_e5d3_44df_ad94_930efe48a887, "wmi-login-client"),
    (0x423ec01e_2e35_11d2_b604_00104b703efd, "wmi-smart-enum"),
    (0x027947e1_d731_11ce_a357_000000000001, "wmi-enum-class"),
    (0x894de0c0_0d55_11d3_a322_00c04fa321a1, "initshutdown"),
    (0x17fdd703_1827_4e34_79d4_24a55c53bb37, "msgsvc"),
    (0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc, "msgsvcsend"),
    (0x6bffd098_a112_3610_9833_012892020162, "browser"),
    (0x4fc742e0_4a10_11cf_8273_00aa004ae673, "netdfs"),
    (0xf5cc59b4_4264_101a_8c59_08002b2f8426, "frsrpc"),
    (0x897e2e5f_93f3_4376_9c9c_fd2277495c27, "dfsr"),
    (0x50abc2a4_574d_40b3_9d66_ee4fd5fba076, "dnsserver"),
    (0x6bffd098_a112_3610_9833_46c3f874532d, "dhcpserver"),
    (0x5b821720_f63b_11d0_aad2_00c04fc324db, "dhcpserver2"),
    (0xf5cc5a18_4264_101a_8c59_08002b2f8426, "nspi"),
    (0xa4f1db00_ca47_1067_b31f_00dd010662da, "exchange-mapi"),
    (0x1544f5e0_613c_11d1_93df_00c04fd7bd09, "exchange-referral"),
    (0x8d9f4e40_a03d_11ce_8f69_08003e30051b, "ntsvcs"),
    (0x300f3532_38cc_11d0_a3f0_0020af6b0add, "trkwks"),
    (0x8fb6d884_2388_11d0_8c35_00c04fda2795, "w32time"),
    (0x91ae6020_9e3c_11cf_8d7c_00aa00c091be, "certificate-passage"),
    (0xd99e6e70_fc88_11d0_b498_00a0c90312f3, "certificate-admin"),
    (0x5ca4a760_ebb1_11cf_8611_00a0245420ed, "terminal-services"),
    (0x484809d6_4239_471b_b5bc_61df8c23ac48, "terminal-session"),
    (0xd95afe70_a6d5_4259_822e_2c84da1ddb0d, "wininit-shutdown"),
    (0x2f5f6520_ca46_1067_b319_00dd010662da, "telephony"),
    (0xfc910418_55ca_45ef_b264_83d4ce7d30e0, "wsrm"),
    (0xa8e0653c_2744_4389_a61d_7373df8b2292, "vss-agent"),
    (0xd049b186_814f_11d1_9a3c_00c04fc9b232, "ntfrs-api"),
    (0x0b0a6584_9e0f_11cf_a3cf_00805f68cb1b, "local-endpoint-mapper"),
    (0x1cbcad78_df0b_4934_b558_87839ea501c9, "dsrole"),
    (0x39c13a4d_011e_11d0_9675_0020afd8adb3, "opc-da-server"),
    (0x39c13a50_011e_11d0_9675_0020afd8adb3, "opc-da-group"),
    (0x39c13a52_011e_11d0_9675_0020afd8adb3, "opc-da-sync-io"),
    (0x39c13a54_011e_11d0_9675_0020afd8adb3, "opc-da-async-io"),
    (0xf31dfde2_07b6_11d2_b2d8_0060083ba1fb, "opc-common"),
    (0x13486d50_4821_11d2_a494_3cb306c10000, "opc-server-list"),
    (0x9dd0b56c_ad9e_43ee_8305_487f3188bf7a, "opc-server-list2"),
    (0xdea00001_6c97_11d1_8271_00a02442df7d, "profinet-device"),
    (0xdea00002_6c97_11d1_8271_00a02442df7d, "profinet-controller"),
    (0xdea00003_6c97_11d1_8271_00a02442df7d, "profinet-supervisor"),
    (0xdea00004_6c97_11d1_8271_00a02442df7d, "profinet-parameter-server"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_orders_and_none_has_two_names() {
        let bytes = *b"\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\x00\x10\x03";
        assert_eq!(Uuid::read(&mut Reader::new(&bytes), true).unwrap().name(), "svcctl");
        let bytes = *b"\x36\x7a\xbb\x81\x98\x44\x35\xf1\xad\x32\x98\xf0\x38\x00\x10\x03";
        assert_eq!(Uuid::read(&mut Reader::new(&bytes), false).unwrap().name(), "svcctl");
        assert_eq!(Uuid(0x12).name(), "00000000-0000-0000-0000-000000000012");
        let mut numbers: Vec<_> = KNOWN.iter().map(|(number, _)| number).collect();
        numbers.sort_unstable();
        numbers.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
    }
}
