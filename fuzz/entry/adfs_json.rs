//! AD FS's objects as JSON: whatever is read stays within its caps, and every field of it is in the report.

use std::collections::BTreeMap;

use sts::import::{Cmdlet, Import, Value, read_json};

/// Feeds one input as the answer of each cmdlet; says whether something was taken of it.
pub(crate) fn run(data: &[u8]) -> bool {
    match read_json(data) {
        Ok(value) => is_taken(&value),
        Err(_) => false,
    }
}

/// Looks at a value as the answer of each cmdlet.
fn is_taken(value: &Value) -> bool {
    let mut is_taken = false;
    for cmdlet in Cmdlet::ALL {
        let import = Import::of(&BTreeMap::from([(cmdlet, value.clone())]));
        let objects = &import.report.objects;
        assert_eq!(objects.len(), value.entries().len());
        for (entry, told) in value.entries().iter().zip(objects) {
            assert!(told.fields.iter().all(|it| !it.fate.says.is_empty()));
            if let Value::Object(object) = entry {
                let mut fields = told.fields.iter();
                let is_told = |name: &String| fields.any(|it| it.field == *name);
                assert!(object.fields.iter().map(|(name, _)| name).all(is_told));
            }
        }
        let trusts = import.relying_parties.len() + import.claims_providers.len();
        let others = import.claim_descriptions.len() + import.endpoints.len();
        assert!(trusts + others <= objects.len());
        is_taken |= trusts + others > 0 || import.service.is_some();
        assert!(
            import
                .relying_parties
                .iter()
                .all(|it| !it.identifiers.is_empty())
        );
    }
    is_taken
}
