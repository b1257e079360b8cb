//! `cargo xtask screenshots`: walks through all pages and takes a picture of each, as wide as a phone and as a desk's
//! screen; and of some that are dark or in Swedish, so that a reader sees that there are such.

use std::path::Path;

use anyhow::Context;
use e2e::pictures;
use e2e::screen::{Scheme, Width};
use e2e::walk::{Language, Walk};
use e2e::webdriver::Chromium;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).context("a folder")?;
    let folder = Path::new(&folder);
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|it| it == "png") {
            std::fs::remove_file(file)?;
        }
    }
    Walk::through(Language::English, |chromium, name| {
        if !pictures::is_pictured(name) {
            return Ok(());
        }
        for width in Width::ALL {
            taken(
                chromium,
                (width, Scheme::Light),
                &folder.join(format!("{name}-{}.png", width.name())),
            )?;
        }
        Ok(())
    })?;
    Walk::through(Language::Swedish, |chromium, name| {
        match pictures::DARK.contains(&name) {
            true => {
                let file = format!("{name}-dark-swedish.png");
                taken(chromium, (Width::Phone, Scheme::Dark), &folder.join(file))
            }
            false => Ok(()),
        }
    })?;
    Ok(())
}

fn taken(chromium: &Chromium, (width, scheme): (Width, Scheme), file: &Path) -> anyhow::Result<()> {
    chromium.on(width, scheme)?;
    Ok(std::fs::write(file, chromium.picture()?)?)
}
