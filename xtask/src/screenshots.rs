//! `cargo xtask screenshots`: the pictures of all pages that the guide shows, taken anew from the program as it is.

use crate::run::{cargo, root, succeed};

/// Where they are.
const FOLDER: &str = "docs/guide/pages";

/// Takes them.
///
/// # Errors
///
/// The program does not build, there is no browser, or a page does not come.
pub fn take() -> anyhow::Result<()> {
    let folder = root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let mut example = cargo();
    example.args(["run", "--quiet", "--package", "wicketgate-e2e"]);
    example.args(["--example", "screenshots", "--"]).arg(folder);
    succeed(&mut example)
}
