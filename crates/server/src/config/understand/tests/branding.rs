//! What the company puts on the pages is looked at before anybody sees it.

use super::*;

const PAGES: &str = "[sts]\nhost = \"sts.contoso.com\"\n";

fn with(keys: &str) -> Result<Settings, String> {
    understood(&format!("{}{PAGES}[branding]\n{keys}", text("", "")))
}

#[test]
fn a_company_has_its_name_its_text_its_links_and_its_colour_in_both_languages() {
    let plain = understood(&(text("", "") + PAGES)).unwrap();
    assert_eq!(*plain.branding, web::branding::Branding::default());
    let branding = with(
        "company_name = \"Contoso\"\n\
         sign_in_page_description_text = { en = \"Hello\", sv = \"Hej\" }\n\
         help_desk_link = \"mailto:help@contoso.com\"\n\
         help_desk_link_text = { en = \"Help\", sv = \"Hjälp\" }\n\
         home_link = \"https://contoso.com/\"\n\
         privacy_link = \"https://contoso.com/privacy\"\n\
         accent_colour = { light = \"#0b57a4\", dark = \"#7ab8ff\" }\n",
    );
    let branding = branding.unwrap().branding;
    let name = branding.company_name.as_ref().unwrap();
    assert_eq!((&*name.english, &*name.swedish), ("Contoso", "Contoso"));
    let text = branding.sign_in_page_description_text.as_ref().unwrap();
    assert_eq!((&*text.english, &*text.swedish), ("Hello", "Hej"));
    let help = branding.help_desk_link.as_ref().unwrap();
    assert_eq!(help.address(), "mailto:help@contoso.com");
    assert!(branding.home_link.is_some() && branding.privacy_link.is_some());
    assert!(branding.accent_colour.is_some() && branding.logo.is_none());
}

#[test]
fn what_is_not_right_is_refused_where_it_stands() {
    let long = "x".repeat(65);
    let name = format!("company_name = \"{long}\"");
    for (key, said) in [
        ("company_name = \"\"", "it is empty"),
        (name.as_str(), "more than 64 characters"),
        ("company_name = { en = \"Contoso\" }", "with both"),
        (
            "company_name = { en = \"a\", sv = \"b\", de = \"c\" }",
            "with both",
        ),
        ("company_name = 1", "a text, or"),
        ("company_name = { en = \"a\", sv = \" \" }", "it is empty"),
        (
            "sign_in_page_description_text = \"a\\u202eb\"",
            "direction mark",
        ),
        (
            "home_link = \"http://contoso.com/\"",
            "`https://`, `mailto:` or `tel:`",
        ),
        (
            "help_desk_link = \"javascript:alert(1)\"",
            "`https://`, `mailto:` or `tel:`",
        ),
        ("privacy_link = \"https://a@b/\"", "a user's name"),
        ("home_link_text = \"Home\"", "there is no link"),
        (
            "accent_colour = { light = \"#777777\", dark = \"#7ab8ff\" }",
            "on light pages",
        ),
        (
            "accent_colour = { light = \"#0b57a4\", dark = \"#0b57a4\" }",
            "on dark pages",
        ),
        (
            "accent_colour = { light = \"blue\", dark = \"#7ab8ff\" }",
            "is not a colour",
        ),
        ("accent_colour = \"#0b57a4\"", "expected"),
        ("logo = \"not-there.png\"", "not-there.png"),
        ("logo = \"file.pem\"", "it is not a PNG, a JPEG or an SVG"),
        ("css = \"x\"", "unknown"),
    ] {
        let error = with(&format!("{key}\n")).unwrap_err();
        assert!(error.contains(said), "{key}: {error}");
    }
    let nowhere = understood(&(text("", "") + "[branding]\ncompany_name = \"Contoso\"\n"));
    let error = nowhere.unwrap_err();
    assert!(error.contains("there is neither"), "{error}");
}
