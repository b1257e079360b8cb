//! Every page that the program shows, in both languages, light and dark, as wide as a phone and as a desk's screen: axe-core
//! finds nothing on any, and nobody has to move one sideways.

use std::collections::BTreeSet;

use e2e::axe::Axe;
use e2e::demo::Demo;
use e2e::screen::{Scheme, Width};
use e2e::skip::skip;
use e2e::walk::{Language, Walk, templates};
use e2e::webdriver::Chromium;

const STORY: &str = "everybody can use every page";

/// Chromium and axe-core, or why not.
fn axe() -> anyhow::Result<Result<Axe, &'static str>> {
    if Chromium::programs().is_none() {
        return Ok(Err("chromium and its driver are not unpacked"));
    }
    Ok(Axe::here()?.ok_or("axe-core is not there"))
}

fn looked_at(language: Language) -> anyhow::Result<()> {
    let axe = match axe()? {
        Ok(axe) => axe,
        Err(reason) => return skip(STORY, reason),
    };
    let mut found = BTreeSet::new();
    let seen = Walk::through(language, |chromium, name| {
        for width in Width::ALL {
            for scheme in Scheme::ALL {
                chromium.on(width, scheme)?;
                let place = format!("{name}, {}, {}", width.name(), scheme.name());
                let findings = match scheme {
                    Scheme::Light => axe.finds(chromium)?,
                    Scheme::Dark => axe.finds_of_colours(chromium)?,
                };
                for finding in findings {
                    found.insert(format!("{place}: {finding}"));
                }
                if !chromium.fits()? {
                    found.insert(format!("{place}: it is wider than the screen"));
                }
            }
        }
        Ok(())
    })?;
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(seen, templates()?, "pages that nobody looked at");
    Ok(())
}

#[test]
fn axe_core_finds_nothing_on_any_page_in_english() -> anyhow::Result<()> {
    looked_at(Language::English)
}

#[test]
fn axe_core_finds_nothing_on_any_page_in_swedish() -> anyhow::Result<()> {
    looked_at(Language::Swedish)
}

#[test]
fn what_is_wrong_with_a_page_is_found() -> anyhow::Result<()> {
    let axe = match axe()? {
        Ok(axe) => axe,
        Err(reason) => return skip(STORY, reason),
    };
    let demo = Demo::start()?;
    let chromium = Chromium::start()?;
    chromium.open(&format!("{}sign-in", demo.url("portal")))?;
    chromium.shown("#user-name")?;
    assert_eq!(axe.finds(&chromium)?, Vec::<String>::new());
    assert!(chromium.fits()?);
    // The policy of the page lets no style in, but a script of the driver's may set one.
    chromium.run(
        "document.querySelector('label').remove();\
         document.querySelector('main button').style.color = 'rgb(60, 110, 170)';\
         document.querySelector('footer button').style.cssText = 'min-height: 0; height: 10px; width: 10px; padding: 0';\
         document.querySelector('h1').style.width = '3000px';",
    )?;
    let found = axe.finds(&chromium)?.join("\n");
    for rule in ["label at", "color-contrast at"] {
        assert!(found.contains(rule), "{rule}: {found}");
    }
    assert!(!chromium.fits()?);
    Ok(())
}
