//! What kind of knowledge a document is, by what it says.

use crate::json::Node;

/// Bytes looked at before reading; what tells a feed stands at its beginning.
pub const HEAD_BYTES: u64 = 16 << 10;

/// A source of knowledge and the form it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// CSAF 2.0 and 2.1.
    Csaf,
    /// A CVE record of format 5.
    Cve5,
    /// CycloneDX with vulnerabilities.
    CycloneDxVex,
    /// endoflife.date, JSON of its API.
    EolJson,
    /// endoflife.date, the project's own files: Markdown with a YAML head.
    EolMarkdown,
    /// EPSS, CSV with its comment.
    Epss,
    /// CISA KEV, JSON.
    Kev,
    /// CISA KEV, CSV.
    KevCsv,
    /// NVD 2.0: a page of its API, a yearly feed, a dump, a single record.
    Nvd,
    /// NVD 1.1, the older feed.
    Nvd1,
    /// OpenVEX.
    OpenVex,
    /// openFDA, recalls of devices. Built from the published structure; no file of the publisher was at hand.
    Recall,
    /// openFDA, unique device identifiers. Built from the published structure; no file was at hand.
    Registered,
}

impl Source {
    /// The name in output: the kind of document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csaf => "csaf",
            Self::Cve5 => "cve",
            Self::CycloneDxVex => "cyclonedx-vex",
            Self::EolJson | Self::EolMarkdown => "eol",
            Self::Epss => "epss",
            Self::Kev | Self::KevCsv => "kev",
            Self::Nvd | Self::Nvd1 => "nvd",
            Self::OpenVex => "openvex",
            Self::Recall => "openfda-recall",
            Self::Registered => "openfda-udi",
        }
    }

    /// By the members of a document that was read whole.
    #[must_use]
    pub fn of_tree(root: &Node<'_>) -> Option<Self> {
        let has = |name: &str| root.get(name).is_some();
        let document = root.of("document");
        if document.get("csaf_version").is_some() || document.get("tracking").is_some() {
            Some(Self::Csaf)
        } else if root.text_of("@context").is_some_and(|context| context.contains("openvex")) {
            Some(Self::OpenVex)
        } else if root.text_of("bomFormat") == Some("CycloneDX") {
            has("vulnerabilities").then_some(Self::CycloneDxVex)
        } else if root.text_of("dataType") == Some("CVE_RECORD") || has("cveMetadata") {
            Some(Self::Cve5)
        } else if root.of("cve").get("id").is_some()
            || root.of("_annotation").get("cve_id").is_some()
            || (root.text_of("id").is_some_and(super::is_cve) && has("vulnStatus"))
        {
            Some(Self::Nvd)
        } else if root.of("result").get("releases").is_some() || root.list().first().is_some_and(is_cycle) {
            Some(Self::EolJson)
        } else {
            None
        }
    }
}

fn is_cycle(node: &Node<'_>) -> bool {
    node.get("cycle").is_some() && (node.get("eol").is_some() || node.get("releaseDate").is_some())
}

/// By the beginning of a document.
pub(crate) fn of_head(head: &[u8]) -> Option<Source> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start();
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("#model_version:") || first.replace(' ', "").starts_with("cve,epss") {
        return Some(Source::Epss);
    }
    if first.starts_with("cveID,") || first.starts_with("\"cveID\",") {
        return Some(Source::KevCsv);
    }
    if first.trim_end() == "---" && text.contains("\nreleases:") {
        return Some(Source::EolMarkdown);
    }
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let has = |name: &str| text.contains(name);
    if has("\"CVE_Items\"") || has("\"CVE_data_type\"") {
        Some(Source::Nvd1)
    } else if has("\"NVD_CVE\"") || (has("\"vulnerabilities\"") && has("\"cve\"") && has("\"vulnStatus\"")) {
        Some(Source::Nvd)
    } else if has("\"cveID\"") && has("\"vulnerabilities\"") {
        Some(Source::Kev)
    } else if has("\"cveMetadata\"") || has("\"CVE_RECORD\"") {
        Some(Source::Cve5)
    } else if has("\"results\"") && (has("\"product_res_number\"") || has("\"recall_number\"")) {
        Some(Source::Recall)
    } else if has("\"results\"") && has("\"public_device_record_key\"") {
        Some(Source::Registered)
    } else {
        None
    }
}
