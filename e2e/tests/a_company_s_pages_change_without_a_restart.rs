//! A company's name, colour and logo are on the pages of a gate that runs, as soon as its file or the logo's says otherwise; a
//! file that is not right changes nothing.

use anyhow::Context;
use e2e::browser::Browser;
use e2e::demo::Demo;
use e2e::serve::Serve;
use e2e::until::until;

const ONE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>";
const OTHER: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 2\"/>";

/// The value of an attribute whose line begins so.
fn address(page: &str, begins: &str) -> anyhow::Result<String> {
    let (_, rest) = page.split_once(begins).context("no such address")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

#[test]
fn a_new_name_and_a_new_logo_are_seen_and_a_colour_that_cannot_be_read_is_not() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let logo = demo.folder().join("logo.svg");
    std::fs::write(&logo, ONE)?;
    let branding = format!(
        "\n[branding]\ncompany_name = {{ en = \"Contoso\", sv = \"Contoso AB\" }}\nlogo = \"{}\"\n",
        logo.display()
    );
    let gate = Serve::start(&demo, |config| config + &branding)?;
    let browser = Browser::in_turn(&demo, vec![gate.address])?;
    let page = browser.open("/sign-in?again=1")?;
    assert!(page.body.contains("Contoso</p>"), "{}", page.body);
    let first = address(&page.body, "<img src=\"")?;
    let shown = browser.open(&first)?;
    assert_eq!((shown.status, shown.body.as_str()), (200, ONE));
    assert!(shown.heads.contains("image/svg+xml"), "{}", shown.heads);

    // The logo's file alone.
    std::fs::write(&logo, OTHER)?;
    until("the other logo is not seen", || {
        let page = browser.open("/sign-in?again=1")?;
        Ok(address(&page.body, "<img src=\"")? != first)
    })?;
    assert_eq!(browser.open("/logo")?.body, OTHER);

    // What is not right is said, and the pages stay as they are.
    let file = demo.folder().join("beside.toml");
    let config = std::fs::read_to_string(&file)?;
    let renamed = config.replace("en = \"Contoso\"", "en = \"Fabrikam\"");
    let faint = "accent_colour = { light = \"#eeeeee\", dark = \"#7ab8ff\" }\n";
    std::fs::write(&file, format!("{renamed}{faint}"))?;
    gate.line("on light pages")?;
    let page = browser.open("/sign-in?again=1")?;
    assert!(page.body.contains("Contoso</p>"), "{}", page.body);

    std::fs::write(&file, renamed)?;
    until("the other name is not seen", || {
        let page = browser.open("/sign-in?again=1")?;
        Ok(page.body.contains("Fabrikam</p>"))
    })?;
    Ok(())
}
