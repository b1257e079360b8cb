//! Somebody who has a keyboard and nothing else: Tab from one place to the next, Enter and Space for what is there (WCAG 2.1.1).
//!
//! Whoever looks round a page finds where focus is lost, hidden, caught or out of order (2.1.2, 2.4.3, 2.4.7, 2.4.11). Start at
//! [`Chromium::by_keyboard`] and [`Chromium::goes_round`].

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::webdriver::Chromium;

/// WebDriver's names of keys (17.4.2).
const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const SHIFT: char = '\u{e008}';
const SPACE: char = ' ';
/// How many places a page may have.
const MOST: usize = 300;

/// Puts whoever is there to the top of the page, as it is where it has just come.
const TO_THE_TOP: &str = "\
window.scrollTo(0, 0);
document.body.tabIndex = -1;
document.body.focus();
document.body.removeAttribute('tabindex');";

/// Finds the places of a page, in the order in which it is written.
const PLACES: &str = "\
window.places = [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex], [contenteditable]')]
  .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.tabIndex >= 0);
return window.places.map((it) =>
  it.id || it.ariaLabel || it.textContent.trim() || it.getAttribute('action') || it.localName);";

/// What is to be said of the place that has the focus; nothing where none has.
const HERE: &str = "\
const it = document.activeElement;
if (!it || it === document.body || it === document.documentElement) return null;
const box = it.getBoundingClientRect(), style = getComputedStyle(it);
const [across, down] = [box.left + box.width / 2, box.top + box.height / 2];
const top = document.elementFromPoint(across, down);
return {
  at: (window.places ?? []).indexOf(it),
  first: box.top + window.scrollY,
  last: box.bottom + window.scrollY,
  begins: box.left,
  seen: box.width > 0 && box.height > 0 && top !== null && (it.contains(top) || top.contains(it)),
  ring: it.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
};";

/// A place that has the focus.
struct Here {
    at: i64,
    first: f64,
    last: f64,
    begins: f64,
    is_seen: bool,
    has_ring: bool,
}

impl Here {
    fn of(said: &Value) -> anyhow::Result<Option<Self>> {
        if said.is_null() {
            return Ok(None);
        }
        let number = |name: &str| said.get(name).and_then(Value::as_f64);
        let is = |name: &str| said.get(name).and_then(Value::as_bool);
        Ok(Some(Self {
            at: said.get("at").and_then(Value::as_i64).context("a place")?,
            first: number("first").context("its top")?,
            last: number("last").context("its end")?,
            begins: number("begins").context("its side")?,
            is_seen: is("seen").context("whether it is seen")?,
            has_ring: is("ring").context("whether it is marked")?,
        }))
    }

    /// Whether a reader comes to it behind another: it is not above that, nor before it in the same line.
    fn comes_behind(&self, other: &Self) -> bool {
        let is_above = self.last <= other.first;
        let is_beside = self.first < other.last && other.first < self.last;
        let is_left_of_it = is_beside && self.begins < other.begins;
        !(is_above || is_left_of_it)
    }
}

impl Chromium {
    /// Presses keys one after the other, at whatever has the focus; a new line is Enter.
    ///
    /// # Errors
    ///
    /// The page takes none.
    pub fn keys(&self, keys: &str) -> anyhow::Result<()> {
        let pressed = keys.chars().map(|key| match key {
            '\n' => ENTER,
            key => key,
        });
        let both = |key: char| ["keyDown", "keyUp"].map(|it| json!({ "type": it, "value": key }));
        self.acts(pressed.flat_map(both).collect())
    }

    /// Goes from place to place until one is there that a selector finds, and says of what kind it is.
    ///
    /// # Errors
    ///
    /// There is no way by keyboard.
    pub(crate) fn reaches(&self, selector: &str) -> anyhow::Result<String> {
        self.shown(selector)?;
        let wanted = format!(
            "const it = document.activeElement;\
             return it === document.querySelector({}) ? it.localName : null",
            Value::from(selector)
        );
        for _ in 0..MOST {
            if let Some(kind) = self.run(&wanted)?.as_str() {
                return Ok(kind.to_owned());
            }
            self.keys(&TAB.to_string())?;
        }
        anyhow::bail!("no Tab leads to {selector}")
    }

    /// Does what is at the place that a selector finds, as that kind is done by keyboard.
    pub(crate) fn presses(&self, selector: &str) -> anyhow::Result<()> {
        let key = match self.reaches(selector)?.as_str() {
            "button" | "input" => SPACE,
            _ => ENTER,
        };
        self.keys(&key.to_string())
    }

    /// Opens whatever is folded, goes over all places of the page by Tab and back, and gives what is wrong, a sentence each.
    ///
    /// # Errors
    ///
    /// The page goes away meanwhile, or there is nothing on it.
    pub fn goes_round(&self) -> anyhow::Result<Vec<String>> {
        let folded = self.folded("details:not([open])")?;
        for number in &folded {
            self.unfolds(*number, ENTER, true)?;
        }
        let mut found = self.forth_and_back()?;
        found.extend(self.skips()?);
        for number in &folded {
            self.unfolds(*number, SPACE, false)?;
        }
        self.run(TO_THE_TOP)?;
        Ok(found)
    }

    fn forth_and_back(&self) -> anyhow::Result<Vec<String>> {
        let names = self.run(PLACES)?;
        let names = names.as_array().context("no places")?;
        ensure!(!names.is_empty(), "nobody can do anything there");
        let name = |number: usize| names.get(number).map(Value::to_string).unwrap_or_default();
        let mut found = Vec::new();
        self.run(TO_THE_TOP)?;
        let mut before: Option<Here> = None;
        for number in 0..names.len() {
            self.keys(&TAB.to_string())?;
            let Some(here) = Here::of(&self.run(HERE)?)? else {
                found.push(format!("{}: the focus is lost before it", name(number)));
                return Ok(found);
            };
            if here.at != i64::try_from(number)? {
                let got = usize::try_from(here.at).map(name).unwrap_or_default();
                found.push(format!("{}: Tab leads to {got} first", name(number)));
                return Ok(found);
            }
            if !here.is_seen {
                found.push(format!(
                    "{}: has the focus where nobody sees it",
                    name(number)
                ));
            }
            if !here.has_ring {
                found.push(format!(
                    "{}: nothing marks that it has the focus",
                    name(number)
                ));
            }
            // The first one is above everything, and shown while it has the focus.
            let is_behind = before
                .as_ref()
                .is_none_or(|it| it.at == 0 || here.comes_behind(it));
            if !is_behind {
                found.push(format!(
                    "{}: stands before what comes before it",
                    name(number)
                ));
            }
            before = Some(here);
        }
        let backwards = (0..names.len()).rev().skip(1);
        for number in backwards {
            self.back()?;
            let here = Here::of(&self.run(HERE)?)?.map(|it| it.at);
            if here != Some(i64::try_from(number)?) {
                found.push(format!("{}: nobody comes back to it", name(number)));
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// Where the first place is one of the page itself, it leads over what stands above the page's own (WCAG 2.4.1).
    fn skips(&self) -> anyhow::Result<Option<String>> {
        self.run(TO_THE_TOP)?;
        self.keys(&TAB.to_string())?;
        let is_one = self.run("return document.activeElement.matches('a[href^=\"#\"]')")?;
        if is_one != Value::Bool(true) {
            return Ok(None);
        }
        self.keys("\n")?;
        let leads = self.run("return document.activeElement.localName === 'main'")?;
        let fails = leads != Value::Bool(true);
        Ok(fails.then(|| "the first place leads to no place of the page's own".to_owned()))
    }

    /// Which of all that folds a selector finds.
    fn folded(&self, selector: &str) -> anyhow::Result<Vec<u64>> {
        let script = format!(
            "return [...document.querySelectorAll('details')].flatMap((it, number) => it.matches({}) ? [number] : [])",
            Value::from(selector)
        );
        let numbers = self.run(&script)?;
        let numbers = numbers.as_array().context("no list")?;
        Ok(numbers.iter().filter_map(Value::as_u64).collect())
    }

    fn unfolds(&self, number: u64, key: char, is_open: bool) -> anyhow::Result<()> {
        let there = format!("document.querySelectorAll('details')[{number}]");
        self.run(&format!("{there}.id ||= 'folded-{number}'"))?;
        self.reaches(&format!("#folded-{number} > summary"))?;
        self.keys(&key.to_string())?;
        let opened = self.run(&format!("return {there}.open"))?;
        ensure!(
            opened == Value::Bool(is_open),
            "details {number}: open is {opened}"
        );
        Ok(())
    }

    fn back(&self) -> anyhow::Result<()> {
        let key = |kind: &str, key: char| json!({ "type": kind, "value": key });
        self.acts(vec![
            key("keyDown", SHIFT),
            key("keyDown", TAB),
            key("keyUp", TAB),
            key("keyUp", SHIFT),
        ])
    }

    fn acts(&self, acts: Vec<Value>) -> anyhow::Result<()> {
        let device = json!({ "type": "key", "id": "keyboard", "actions": acts });
        self.sends("/actions", &json!({ "actions": [device] }))
    }
}
