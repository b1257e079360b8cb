//! Clients by what they call themselves, and whether they can sign in at a page (passive mode).
//!
//! What each can do is Microsoft's published word where there is one (the guide's page on clients names the
//! sources); what a client is called is partly UNCONFIRMED, so that an unknown one is said to be unknown.

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Client {
    /// What people call it.
    pub(super) name: &'static str,
    /// Whether it can sign in at a page.
    pub(super) can: Can,
    /// What helps.
    pub(super) mend: &'static str,
}

/// Whether a client can sign in at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Can {
    /// It can.
    Yes,
    /// It cannot.
    No,
    /// Nobody wrote it down.
    Unknown,
}

/// What helps those that never learn it.
const ELSEWHERE: &str =
    "leave its users on a pool that stays active: passive mode is a setting of a pool or Director";
/// What helps those whose version is too old.
const UPDATE: &str = "update it before passive mode is switched on";
/// What helps where nothing is known.
const TRY: &str = "try one with a pool in passive mode, and look in the guide's page on clients";

/// A rule: the words that stand in the agent, who that is, and from which version on it can.
struct Rule {
    words: &'static [&'static str],
    name: &'static str,
    since: Since,
}

/// From which version on a client can sign in at a page.
enum Since {
    Always,
    Never,
    /// The version that follows this word, up to three parts of it.
    Version(&'static str, [u32; 3]),
}

/// In this order, as one client's agent may hold another's words.
const RULES: [Rule; 9] = [
    Rule {
        words: &["sipe"],
        name: "Pidgin with SIPE",
        since: Since::Never,
    },
    Rule {
        words: &["ocphone", "cpe/"],
        name: "Lync Phone Edition",
        since: Since::Never,
    },
    Rule {
        words: &["lyncroom", "roomsystem", "lrs/"],
        name: "Lync Room System",
        since: Since::Never,
    },
    Rule {
        words: &["for mac", "ocmac", "maclync"],
        name: "Lync for Mac 2011",
        since: Since::Never,
    },
    Rule {
        words: &["iphonelync", "ipadlync"],
        name: "Lync on iPhone and iPad",
        since: Since::Version("lync/", [5, 2, 0]),
    },
    Rule {
        words: &["wplync"],
        name: "Lync on Windows Phone",
        since: Since::Version("lync/", [5, 2, 0]),
    },
    Rule {
        words: &["acomo"],
        name: "Lync on Android",
        since: Since::Version("acomo/", [5, 4, 0]),
    },
    // The update of July 2013 for Lync 2013; that it is build 4517 is UNCONFIRMED.
    Rule {
        words: &["uccapi/"],
        name: "Lync on a PC",
        since: Since::Version(" oc/", [15, 0, 4517]),
    },
    Rule {
        words: &["mozilla/"],
        name: "a browser",
        since: Since::Always,
    },
];

/// Who calls itself so.
pub(super) fn client(agent: &str) -> Client {
    let agent = agent.to_ascii_lowercase();
    let is_it = |rule: &&Rule| rule.words.iter().any(|word| agent.contains(word));
    let Some(rule) = RULES.iter().find(is_it) else {
        return Client {
            name: "a client that nobody knows",
            can: Can::Unknown,
            mend: TRY,
        };
    };
    let (can, mend) = match rule.since {
        Since::Always => (Can::Yes, ""),
        Since::Never => (Can::No, ELSEWHERE),
        Since::Version(word, since) => match version_after(&agent, word) {
            None => (Can::Unknown, TRY),
            Some(version) if version >= since => (Can::Yes, ""),
            Some(_) => (Can::No, UPDATE),
        },
    };
    Client {
        name: rule.name,
        can,
        mend,
    }
}

/// The first three parts of the version that follows a word.
fn version_after(agent: &str, word: &str) -> Option<[u32; 3]> {
    let (_, rest) = agent.split_once(word)?;
    let version = rest.split(|it: char| !(it.is_ascii_digit() || it == '.'));
    let mut parts = version.into_iter().next()?.split('.');
    let first = parts.next()?.parse().ok()?;
    let mut next = || parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    Some([first, next(), next()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s71_each_client_is_known_by_what_it_calls_itself() {
        let cases = [
            (
                "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)",
                Can::No,
            ),
            (
                "UCCAPI/15.0.4569.1503 OC/15.0.4569.1503 (Microsoft Lync)",
                Can::Yes,
            ),
            (
                "UCCAPI/16.0.4266.1001 OC/16.0.4266.1001 (Skype for Business)",
                Can::Yes,
            ),
            (
                "UCCAPI/4.0.7577.314 OC/4.0.7577.314 (Microsoft Lync 2010)",
                Can::No,
            ),
            ("UCCAPI/15.0", Can::Unknown),
            ("iPhoneLync/5.1.1106.0000 Darwin/13.0.0", Can::No),
            ("iPhoneLync/5.2.1119.0000 Darwin/14.0.0", Can::Yes),
            ("iPadLync/6.0", Can::Yes),
            ("ACOMO/5.3.1100.0", Can::No),
            ("ACOMO/5.4.1106.0", Can::Yes),
            ("ACOMO", Can::Unknown),
            (
                "CPE/4.0.7577.4455 OCPhone/4.0.7577.4455 (Microsoft Lync 2010 Phone Edition)",
                Can::No,
            ),
            (
                "UCCAPI/15.0.0.0 OC/15.0.5000.0 (Microsoft Lync for Mac 2011)",
                Can::No,
            ),
            ("Purple/2.14.12 Sipe/1.25.0", Can::No),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", Can::Yes),
            ("another/1.0", Can::Unknown),
            ("OC/99999999999999999999", Can::Unknown),
        ];
        for (agent, can) in cases {
            assert_eq!(client(agent).can, can, "{agent}");
        }
    }
}
