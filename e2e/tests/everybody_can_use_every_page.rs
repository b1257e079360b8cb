//! Every page that the program shows, in both languages, light and dark, as wide as a phone and as a desk's screen: axe-core
//! finds nothing on any, nobody has to move one sideways, whoever has a keyboard alone comes to all that is there, and the guide
//! has a picture of each.

use std::collections::BTreeSet;

use anyhow::Context;
use e2e::axe::Axe;
use e2e::demo::{Demo, root};
use e2e::pictures;
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

/// What a claims provider shows in a frame of its own page: it says a sentence, and leads nowhere.
const NOTHING_TO_DO: &str = "cleaned-up";

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

/// The whole walk, by Tab, Enter and Space alone: from the invitation through the portal and out again.
#[test]
fn whoever_has_a_keyboard_alone_comes_to_every_place_of_every_page() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip(STORY, "chromium and its driver are not unpacked");
    }
    let mut found = BTreeSet::new();
    let seen = Walk::by_keyboard(Language::English, |chromium, name| {
        if name == NOTHING_TO_DO {
            return Ok(());
        }
        for width in Width::ALL {
            chromium.on(width, Scheme::Light)?;
            for finding in chromium.goes_round().context(width.name())? {
                found.insert(format!("{name}, {}: {finding}", width.name()));
            }
        }
        Ok(())
    })?;
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(seen, templates()?, "pages that nobody came to");
    Ok(())
}

#[test]
fn what_keeps_a_keyboard_out_is_found() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        return skip(STORY, "chromium and its driver are not unpacked");
    }
    let demo = Demo::start()?;
    let sign_in = format!("{}sign-in?again=1", demo.url("portal"));
    let chromium = Chromium::start()?.by_keyboard();
    let field = "document.querySelector('#user-name')";
    for (broken, said) in [
        (String::new(), ""),
        (format!("{field}.style.outline = 'none'"), "nothing marks"),
        (
            format!("{field}.style.cssText = 'position: fixed; left: -200px; width: 10px'"),
            "nobody sees it",
        ),
        (format!("{field}.tabIndex = 1"), "first"),
        (
            format!("{field}.addEventListener('keydown', (key) => key.preventDefault())"),
            "first",
        ),
        (
            format!("{field}.addEventListener('focus', () => {field}.blur())"),
            "the focus is lost",
        ),
        (
            format!("{field}.style.cssText = 'position: relative; top: 400px'"),
            "stands before",
        ),
        (
            "document.querySelector('.skip').href = '#nowhere'".to_owned(),
            "the first place leads",
        ),
    ] {
        chromium.open(&sign_in)?;
        chromium.shown("#user-name")?;
        chromium.run(&broken)?;
        let found = chromium.goes_round()?.join("\n");
        assert_eq!(found.is_empty(), said.is_empty(), "{broken}: {found}");
        assert!(found.contains(said), "{broken}: {found}");
    }
    Ok(())
}

#[test]
fn every_page_has_its_pictures_in_the_guide() -> anyhow::Result<()> {
    let pages: BTreeSet<String> = pictures::PICTURES.map(|(page, _)| page.to_owned()).into();
    assert_eq!(pages, templates()?, "a page of which there is no picture");
    let guide = root().join("docs/guide");
    let text = std::fs::read_to_string(guide.join("pages.md"))?;
    let mut wanted: BTreeSet<String> = pictures::DARK
        .map(|name| format!("{name}-dark-swedish.png"))
        .into();
    for (page, names) in pictures::PICTURES {
        assert!(!names.is_empty(), "{page}");
        for name in names {
            for width in Width::ALL {
                let file = format!("{name}-{}.png", width.name());
                assert!(text.contains(&format!("](pages/{file})")), "{file}");
                wanted.insert(file);
            }
        }
    }
    let mut there = BTreeSet::new();
    for entry in std::fs::read_dir(guide.join("pages"))? {
        let file = entry?.path();
        let begins = std::fs::read(&file)?;
        assert!(
            begins.starts_with(b"\x89PNG\r\n\x1a\n"),
            "{}",
            file.display()
        );
        let name = file.file_name().and_then(|it| it.to_str());
        there.insert(name.context("a picture without a name")?.to_owned());
    }
    assert_eq!(there, wanted);
    Ok(())
}
