//! The import from AD FS: samples in both formats, every fate of every field, and the mapping of the guide.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test target"
)]

mod support;

mod samples_import_with_a_full_report;

mod a_field_has_its_fate;

mod trusts_are_compared;

mod the_mapping_names_every_parameter;
