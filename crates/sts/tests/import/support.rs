//! Samples, and samples with one field changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sts::import::{Cmdlet, Fate, Format, Import, Value, read_json};

/// A file of the crate's samples.
pub(crate) fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// What a cmdlet says in the sample of a format.
pub(crate) fn sample(cmdlet: Cmdlet, format: Format) -> Value {
    let folder = match format {
        Format::Clixml => "clixml",
        Format::Json => "json",
    };
    let file = format!("adfs/{folder}/{}.{}", cmdlet.name(), format.extension());
    let bytes = std::fs::read(testdata(&file)).unwrap();
    format.read(&bytes).unwrap()
}

/// Everything that a format's samples say.
pub(crate) fn export(format: Format) -> BTreeMap<Cmdlet, Value> {
    let files = Cmdlet::ALL.map(|cmdlet| (cmdlet, sample(cmdlet, format)));
    files.into_iter().collect()
}

/// JSON as a value.
pub(crate) fn json(text: &str) -> Value {
    read_json(text.as_bytes()).unwrap()
}

/// The first object of a cmdlet's sample, with one field changed, or left out.
pub(crate) fn with(cmdlet: Cmdlet, number: usize, field: &str, value: Option<Value>) -> Value {
    let whole = sample(cmdlet, Format::Clixml);
    let Value::Object(mut object) = whole.entries()[number].clone() else {
        panic!("an object");
    };
    let at = object.fields.iter().position(|(name, _)| name == field);
    match (at, value) {
        (Some(at), Some(value)) => object.fields[at].1 = value,
        (Some(at), None) => drop(object.fields.remove(at)),
        (None, Some(value)) => object.fields.push((field.to_owned(), value)),
        (None, None) => panic!("{field} is not there"),
    }
    Value::Object(object)
}

/// What comes of one cmdlet's objects.
pub(crate) fn import(cmdlet: Cmdlet, objects: Vec<Value>) -> Import {
    Import::of(&BTreeMap::from([(cmdlet, Value::List(objects))]))
}

/// What becomes of a field of the only object.
pub(crate) fn fate(import: &Import, field: &str) -> Fate {
    let [object] = import.report.objects.as_slice() else {
        panic!("one object");
    };
    let mut fields = object.fields.iter();
    fields.find(|it| it.field == field).unwrap().fate.clone()
}
