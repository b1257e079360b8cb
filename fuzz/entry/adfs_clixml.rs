//! AD FS's objects as CLIXML: no reference leads in a circle or brings more than is taken, and the report is whole.

use std::collections::BTreeMap;

use sts::import::{Cmdlet, Import, MAX_DEPTH, MAX_VALUES, Value, read_clixml};

/// Feeds one input; says whether there is an object in it.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(value) = read_clixml(data) else {
        return false;
    };
    let mut values = 0;
    let deepest = depth(&value, &mut values);
    assert!(values <= MAX_VALUES + 1 && deepest <= MAX_DEPTH + 1);
    let import = Import::of(&BTreeMap::from([(Cmdlet::Endpoint, value.clone())]));
    assert_eq!(import.report.objects.len(), value.entries().len());
    !value.entries().is_empty()
}

/// How deep values stand inside one another; they are counted as well.
fn depth(value: &Value, values: &mut usize) -> usize {
    *values += 1;
    let inside: Vec<&Value> = match value {
        Value::List(list) => list.iter().collect(),
        Value::Object(object) => {
            let fields = object.fields.iter().map(|(_, value)| value);
            fields.chain(object.underlying.as_deref()).collect()
        }
        _ => Vec::new(),
    };
    let depths = inside.into_iter().map(|it| depth(it, values));
    depths.max().unwrap_or_default() + 1
}
