//! The published rules, read where they lie beside the repository.

use std::path::Path;

/// One block of the file.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) number: u32,
    pub(crate) kind: String,
    pub(crate) note: String,
    pub(crate) text: String,
}

/// Every block, or nothing where the file is not there (and a failure, where that may not be).
pub(crate) fn blocks() -> Vec<Block> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/claim-rules/corpus.txt");
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "../shared/data is missing"
        );
        eprintln!("SKIPPED: ../shared/data is not there, so no published rule was checked");
        return Vec::new();
    };
    let blocks: Vec<Block> = text.split("\n%%% ").skip(1).map(block).collect();
    assert_eq!(blocks.len(), 126, "the file is another one");
    blocks
}

fn block(text: &str) -> Block {
    let (number, rest) = text.split_once('\n').unwrap();
    let header = |key: &str| {
        let key = format!("% {key}: ");
        let found = rest.lines().find_map(|line| line.strip_prefix(&key));
        found.unwrap_or_default().to_owned()
    };
    let lines = rest.lines().filter(|line| !line.starts_with("% "));
    Block {
        number: number.trim().parse().unwrap(),
        kind: header("kind"),
        note: header("note"),
        text: lines.collect::<Vec<_>>().join("\n"),
    }
}
