//! What clients inside use of Exchange, before the external site was set up and after: nothing of it may have
//! changed (S45).

use proto::facts::{Facts, Kind, Protection, VirtualDirectory};

use super::Finding;
use super::exchange::{is_external, noun, set_only};
use crate::script::literal;

/// What has changed of the directories that clients inside use.
pub(super) fn judge(before: &Facts, after: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let whole = "wicketgate script facts";
    let (Some(before), Some(after)) = (&before.exchange, &after.exchange) else {
        let what = "before or after, no file tells of Exchange: nothing is known to be unchanged";
        findings.push(Finding::warning("facts-incomplete", what, whole));
        return findings;
    };
    for was in before.iter().filter(|it| !is_external(it)) {
        let is_same_server = |it: &&VirtualDirectory| it.server.eq_ignore_ascii_case(&was.server);
        let mut there = after.iter().filter(is_same_server).peekable();
        if there.peek().is_none() {
            let what = format!("no file tells of {} as it is afterwards", was.server);
            findings.push(Finding::warning("facts-incomplete", what, whole));
            continue;
        }
        match there.find(|it| it.kind == was.kind && it.name.eq_ignore_ascii_case(&was.name)) {
            Some(is) => compared(was, is, &mut findings),
            None => findings.push(Finding::error(
                "internal-directory-gone",
                format!("{}, which clients inside use, is gone", was.identity()),
                format!(
                    "New-{}VirtualDirectory -WebSiteName {}",
                    noun(was.kind),
                    literal(was.site().unwrap_or_default())
                ),
            )),
        }
    }
    findings
}

/// Each setting of a directory that was told both times.
fn compared(was: &VirtualDirectory, is: &VirtualDirectory, findings: &mut Vec<Finding>) {
    let identity = was.identity();
    let set = |parameter: &str| {
        let set = set_only(was.kind);
        format!("{set} -Identity {} -{parameter}", literal(&identity))
    };
    let mut told = |setting: &str, (was, is): (&str, &str), mend: String| {
        let what = format!(
            "{identity}, which clients inside use, had the {setting} `{was}` and has `{is}`"
        );
        findings.push(Finding::error("internal-directory-changed", what, mend));
    };
    if let (Some(was_path), Some(is_path)) = (&was.path, &is.path)
        && !was_path.eq_ignore_ascii_case(is_path)
    {
        let mend = format!(
            "Set-ItemProperty IIS:\\Sites\\SITE\\DIRECTORY -Name physicalPath -Value {}",
            literal(was_path)
        );
        told("folder", (was_path, is_path), mend);
    }
    if let (Some(was_url), Some(is_url)) = (&was.external_url, &is.external_url)
        && was_url != is_url
    {
        let mend = set(&format!("ExternalUrl {}", literal(was_url)));
        told("external address", (was_url, is_url), mend);
    }
    if let (Some(was_on), Some(is_on)) = (was.windows_authentication, is.windows_authentication)
        && was_on != is_on
    {
        let (was_word, is_word) = (word(was_on), word(is_on));
        let parameter = match was.kind {
            Kind::ActiveSync => "WindowsAuthEnabled",
            _ => "WindowsAuthentication",
        };
        let mend = set(&format!("{parameter} ${was_word}"));
        told("Windows authentication", (was_word, is_word), mend);
    }
    if let (Some(was_so), Some(is_so)) = (was.extended_protection, is.extended_protection)
        && was_so != is_so
    {
        let (was_word, is_word) = (checking(was_so), checking(is_so));
        let mend = set(&format!("ExtendedProtectionTokenChecking {was_word}"));
        told("Extended Protection", (was_word, is_word), mend);
    }
}

fn word(is_on: bool) -> &'static str {
    if is_on { "true" } else { "false" }
}

fn checking(protection: Protection) -> &'static str {
    match protection {
        Protection::None => "None",
        Protection::Allow => "Allow",
        Protection::Require => "Require",
    }
}
