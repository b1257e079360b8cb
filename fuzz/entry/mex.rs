//! MEX: an edit that changes nothing keeps every byte, and every edit leaves a document.

use proto::lync::mex::{Document, Edit};

/// Feeds one input; says whether it was read.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(document) = Document::parse_bytes(data) else {
        return false;
    };
    for port in document.ports() {
        let issuers = document
            .policy_of(port)
            .map(|policy| document.issuers(policy).count());
        assert!(issuers.unwrap_or(0) <= document.addresses().len());
    }
    let same = document.edited(Edit {
        map_address: &|_| None,
        keeps_port: &|_| true,
    });
    assert_eq!(same.as_bytes(), data);
    let map_address = |url: &str| Some(format!("{}\"<&'", url.len()));
    let edited = document.edited(Edit {
        map_address: &map_address,
        keeps_port: &|_| true,
    });
    let edited = Document::parse(&edited).expect("other addresses leave a document");
    assert_eq!(edited.addresses().len(), document.addresses().len());
    let keeps_port = |name: &str| name.len().is_multiple_of(2);
    let fewer = document.edited(Edit {
        map_address: &|_| None,
        keeps_port: &keeps_port,
    });
    if let Ok(fewer) = Document::parse(&fewer) {
        assert!(fewer.ports().iter().all(|port| keeps_port(&port.name)));
    }
    true
}
