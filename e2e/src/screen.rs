//! The screens that pages are looked at on: as wide as a phone and as a desk's, light and dark; and pictures of them.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::webdriver::Chromium;

/// How wide a screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A telephone.
    Phone,
    /// A desk's.
    Desk,
}

impl Width {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Phone, Self::Desk];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Desk => "desk",
        }
    }

    /// So many pixels, as pages count them.
    fn pixels(self) -> [u32; 2] {
        match self {
            Self::Phone => [360, 740],
            Self::Desk => [1000, 640],
        }
    }
}

/// What somebody has told their device to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Chromium {
    /// Shows what is open on such a screen.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub fn on(&self, width: Width, scheme: Scheme) -> anyhow::Result<()> {
        let [across, down] = width.pixels();
        let metrics = json!({
            "width": across, "height": down, "deviceScaleFactor": 1, "mobile": width == Width::Phone,
        });
        self.command("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme.name() });
        // What moves would be looked at on its way.
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.command(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [scheme, still] }),
        )?;
        Ok(())
    }

    /// Whether all of the page is as wide as the screen, so that nobody has to move it sideways (WCAG 1.4.10).
    ///
    /// # Errors
    ///
    /// Nothing is shown.
    pub fn fits(&self) -> anyhow::Result<bool> {
        let script = "return document.documentElement.scrollWidth <= window.innerWidth";
        Ok(self.run(script)? == Value::Bool(true))
    }

    /// A picture of the page from its top to its end, as PNG.
    ///
    /// # Errors
    ///
    /// Nothing is shown.
    pub fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let size = self.run(
            "return [window.innerWidth, Math.ceil(document.body.getBoundingClientRect().bottom)]",
        )?;
        let [width, height] = [0, 1].map(|it| size.get(it).cloned().unwrap_or_default());
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.command("Page.captureScreenshot", &asked)?;
        let data = taken.get("data").and_then(Value::as_str);
        Ok(BASE64_STANDARD.decode(data.context("a picture")?)?)
    }
}
