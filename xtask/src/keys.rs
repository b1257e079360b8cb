//! `cargo xtask keys`: every key of the configuration, from the doc comments of the code that reads it.
//!
//! It reads `config/written.rs` and the files beside it line by line, as they are written: a struct is a table and names
//! itself in its doc comment, an enum is a list of words. Start at [`page`].

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, bail};

use crate::run::{root, say};

const SOURCE: &str = "crates/server/src/config/written.rs";
const PARTS: &str = "crates/server/src/config/written";
const PAGE: &str = "docs/guide/configuration.md";

/// Writes the page.
///
/// # Errors
///
/// The source cannot be read or understood.
pub fn write() -> anyhow::Result<()> {
    std::fs::write(root().join(PAGE), page(&source()?)?)?;
    say(&format!("wrote {PAGE}"));
    Ok(())
}

/// Demands that the page is fresh.
///
/// # Errors
///
/// It is stale.
pub fn check() -> anyhow::Result<()> {
    let written = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    if written != page(&source()?)? {
        bail!("{PAGE} is stale: run cargo xtask keys");
    }
    Ok(())
}

fn source() -> anyhow::Result<String> {
    let mut files = vec![root().join(SOURCE)];
    for entry in std::fs::read_dir(root().join(PARTS))? {
        files.push(entry?.path());
    }
    files.sort();
    let mut source = String::new();
    for file in files {
        source.push_str(&std::fs::read_to_string(file)?);
    }
    Ok(source)
}

/// A struct or an enum.
#[derive(Debug, Default)]
struct Item {
    doc: String,
    is_enum: bool,
    members: Vec<Member>,
}

/// A field or a variant.
#[derive(Debug, Default)]
struct Member {
    name: String,
    doc: String,
    kind: String,
    attributes: String,
}

/// The whole page.
fn page(source: &str) -> anyhow::Result<String> {
    let items = items(source);
    let whole = items.get("Written").context("there is no struct Written")?;
    let mut page = String::from(
        "# Every configuration key\n\n\
         Made by `cargo xtask keys` from the code that reads the file; do not edit it. `wicketgate check` says \
         whether a file is right,\n`wicketgate init` writes a first one. Relative paths are taken from the \
         file's folder. A key that is not listed here is refused.\n",
    );
    for part in &whole.members {
        table(&mut page, &items, (&part.kind, &part.doc))?;
    }
    Ok(page)
}

/// A table of the file, and the tables within it.
fn table(
    page: &mut String,
    items: &BTreeMap<String, Item>,
    (kind, meaning): (&str, &str),
) -> anyhow::Result<()> {
    let name = inner(kind);
    let item = items
        .get(name)
        .with_context(|| format!("there is no struct {name}"))?;
    let (within, keys): (Vec<_>, Vec<_>) = item.members.iter().partition(|member| {
        let within = items.get(inner(&member.kind));
        within.is_some_and(|it| !it.is_enum && it.doc.starts_with("`["))
    });
    write!(page, "\n## {}\n\n{meaning}\n", item.doc)?;
    if !keys.is_empty() {
        page.push_str("\n| key | value | where it is left out | meaning |\n|---|---|---|---|\n");
    }
    for key in keys {
        let value = value(&key.kind, items);
        let default = default(key, items);
        writeln!(
            page,
            "| `{}` | {value} | {default} | {} |",
            key.name, key.doc
        )?;
    }
    for member in within {
        table(page, items, (&member.kind, &member.doc))?;
    }
    Ok(())
}

/// What a value looks like.
fn value(kind: &str, items: &BTreeMap<String, Item>) -> String {
    let inner = inner(kind);
    let one = match inner {
        "String" => "text".to_owned(),
        "PathBuf" => "path".to_owned(),
        "SocketAddr" => "`\"address:port\"`".to_owned(),
        "IpNet" => "`\"network/bits\"`".to_owned(),
        "bool" => "`true` or `false`".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "number".to_owned(),
        other => match items.get(other) {
            Some(item) if item.is_enum && !["Auth", "Text"].contains(&other) => words(item),
            _ => "see its meaning".to_owned(),
        },
    };
    if kind.contains("BTreeMap<") {
        "`{ \"name\" = \"text\" }`".to_owned()
    } else if kind.contains("Vec<") {
        format!("list of {one}")
    } else {
        one
    }
}

fn words(item: &Item) -> String {
    let words: Vec<String> = item
        .members
        .iter()
        .map(|variant| format!("`\"{}\"`", kebab(&variant.name)))
        .collect();
    words.join(", ")
}

/// What holds where a key is left out.
fn default(key: &Member, items: &BTreeMap<String, Item>) -> String {
    if let Some((_, rest)) = key.attributes.split_once("default = \"") {
        let function = rest.split('"').next().unwrap_or_default();
        let value = items.get(function).map_or("", |item| item.doc.as_str());
        return format!("`{value}`");
    }
    if key.kind.starts_with("Option<") {
        return "see its meaning".to_owned();
    }
    if !key.attributes.contains("default") {
        return "it must be there".to_owned();
    }
    let is_default = |variant: &&Member| variant.attributes.contains("default");
    match inner(&key.kind) {
        "bool" => "`false`".to_owned(),
        _ if key.kind.contains("Vec<") || key.kind.contains("BTreeMap<") => "empty".to_owned(),
        other => match items
            .get(other)
            .and_then(|it| it.members.iter().find(is_default))
        {
            Some(variant) => format!("`\"{}\"`", kebab(&variant.name)),
            None => "see its meaning".to_owned(),
        },
    }
}

/// The type within `Option<Spanned<Vec<...>>>`; of a map, the type of its values.
fn inner(kind: &str) -> &str {
    let innermost = kind.rsplit('<').next().unwrap_or(kind);
    let innermost = innermost.trim_end_matches('>');
    innermost.rsplit(", ").next().unwrap_or(innermost)
}

fn kebab(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// The structs and enums of the file, and its functions that give a default, with its text as their doc.
fn items(source: &str) -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    let mut open: Option<(String, Item)> = None;
    let (mut doc, mut attributes) = (String::new(), String::new());
    let mut function = None;
    for line in source.lines() {
        let text = line.trim();
        if let Some(said) = text.strip_prefix("///") {
            let separator = if doc.is_empty() { "" } else { " " };
            doc = format!("{doc}{separator}{}", said.trim());
            continue;
        }
        if text.starts_with("#[") {
            attributes.push_str(text);
            continue;
        }
        if line == "}" {
            items.extend(open.take());
            function = None;
        } else if let Some((name, item)) = begun(text, &doc) {
            open = Some((name, item));
        } else if let Some((_, item)) = &mut open {
            item.members.extend(member(text, &doc, &attributes));
        } else if let Some(rest) = text.strip_prefix("fn default_") {
            function = rest.split('(').next().map(|name| format!("default_{name}"));
        } else if let Some(name) = function.take() {
            let doc = text.replace(".to_owned()", "");
            items.insert(
                name,
                Item {
                    doc,
                    ..Item::default()
                },
            );
        }
        doc.clear();
        attributes.clear();
    }
    items
}

fn begun(text: &str, doc: &str) -> Option<(String, Item)> {
    let text = text.strip_prefix("pub(crate) ")?.strip_suffix(" {")?;
    let (is_enum, name) = match text.strip_prefix("struct ") {
        Some(name) => (false, name),
        None => (true, text.strip_prefix("enum ")?),
    };
    let item = Item {
        doc: doc.to_owned(),
        is_enum,
        members: Vec::new(),
    };
    Some((name.to_owned(), item))
}

fn member(text: &str, doc: &str, attributes: &str) -> Option<Member> {
    let text = text.strip_suffix(',')?;
    let (name, kind) = match text.strip_prefix("pub(crate) ") {
        Some(field) => field.split_once(": ")?,
        None => (text.split('(').next()?, ""),
    };
    Some(Member {
        name: name.trim_start_matches("r#").to_owned(),
        doc: doc.to_owned(),
        kind: kind.to_owned(),
        attributes: attributes.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
/// The whole file.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where clients come in.
    #[serde(default)]
    pub(crate) listener: Vec<Listener>,
}

/// `[[listener]]`
pub(crate) struct Listener {
    /// Address and
    /// port.
    pub(crate) address: Spanned<SocketAddr>,
    /// Whether it must.
    #[serde(default)]
    pub(crate) demand: Demand,
    /// A name.
    #[serde(default = \"default_name\")]
    pub(crate) name: String,
    /// Certificates.
    pub(crate) certificate: Vec<Spanned<Certificate>>,
}

fn default_name() -> String {
    \"GATE\".to_owned()
}

/// Whether it must be.
pub(crate) enum Demand {
    /// Perhaps.
    #[default]
    WhenSent,
    /// Yes.
    Require,
}

/// `[[listener.certificate]]`
pub(crate) struct Certificate {
    /// The chain.
    pub(crate) chain: Option<PathBuf>,
}
";

    #[test]
    fn a_struct_is_a_table_and_its_doc_comments_are_the_meanings() -> anyhow::Result<()> {
        let page = page(EXAMPLE)?;
        for line in [
            "## `[[listener]]`",
            "Where clients come in.",
            "| `address` | `\"address:port\"` | it must be there | Address and port. |",
            "| `demand` | `\"when-sent\"`, `\"require\"` | `\"when-sent\"` | Whether it must. |",
            "| `name` | text | `\"GATE\"` | A name. |",
            "## `[[listener.certificate]]`",
            "| `chain` | path | see its meaning | The chain. |",
        ] {
            assert!(page.lines().any(|it| it == line), "{line} in {page}");
        }
        Ok(())
    }

    /// A key that the page left out would be one that nobody knows of.
    #[test]
    fn every_field_of_the_configuration_is_on_the_page() -> anyhow::Result<()> {
        let source = source()?;
        let page = page(&source)?;
        let fields = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub(crate) ")?.split_once(": "));
        for (name, kind) in fields {
            let name = name.trim_start_matches("r#");
            let is_table = page.contains(&format!("{name}]"));
            let is_key = page.contains(&format!("| `{name}` |"));
            assert!(is_table || is_key, "{name}: {kind}");
        }
        Ok(())
    }
}
