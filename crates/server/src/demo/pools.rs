//! A second pool, in passive mode or not, and a Director before both, where they are asked for: what a company has that
//! grew.

use std::fmt::Write;

use super::people::Person;
use super::{IDENTITY_HEADER, POOL, Scene};

/// The first pool's name outside.
pub(super) const WEB: &str = "lyncweb";
/// The second pool's name outside.
pub(super) const SECOND_WEB: &str = "lyncweb2";
/// The Director's name outside.
const DIRECTOR_WEB: &str = "lyncdir";
/// The second pool's name on its own network; it must never be seen outside.
const SECOND_POOL: &str = "pool02.contoso.local";
/// The Director's name on its own network.
const DIRECTOR: &str = "dir01.contoso.local";

/// The line of the policy by which people come to a passive pool.
const PASSIVE_POLICY: &str = "\
# The second pool is in passive mode: its people sign in on a page, by two factors.
[[policy]]
services = [\"lync\"]
channels = [\"page\"]
methods = [\"app-password + one-time-code\", \"memorised-secret + one-time-code\"]

";

/// The pools of a demo, by the names of each inside and outside, the one that discover asks first.
pub(super) struct Pools {
    named: &'static [(&'static str, &'static str)],
    /// Whether the second one is in passive mode.
    is_passive: bool,
    /// Whose tokens that takes, where they are not this program's.
    adfs: Option<(String, u16)>,
}

impl Pools {
    /// One pool, two of which the second is passive, or two behind a Director.
    pub(super) fn new(has_director: bool, is_passive: bool, adfs: Option<(String, u16)>) -> Self {
        let named: &[(&str, &str)] = match (has_director, is_passive) {
            (true, _) => &[
                (DIRECTOR, DIRECTOR_WEB),
                (POOL, WEB),
                (SECOND_POOL, SECOND_WEB),
            ],
            (false, true) => &[(POOL, WEB), (SECOND_POOL, SECOND_WEB)],
            (false, false) => &[(POOL, WEB)],
        };
        Self {
            named,
            is_passive,
            adfs,
        }
    }

    /// The AD FS whose tokens the passive pool takes, where it does.
    pub(super) fn adfs(&self) -> Option<&(String, u16)> {
        self.adfs.as_ref()
    }

    /// Who may sign in to a passive pool, and by what.
    pub(super) fn policy(&self) -> &'static str {
        match self.is_passive {
            true => PASSIVE_POLICY,
            false => "",
        }
    }

    /// Whether people sign in on a page to one of them, and need what shows codes.
    pub(super) fn has_passive(&self) -> bool {
        self.is_passive
    }

    /// Their own names.
    pub(super) fn inside(&self) -> impl Iterator<Item = &'static str> {
        self.named.iter().map(|(inside, _)| *inside)
    }

    /// The first labels of their published names.
    pub(super) fn outside(&self) -> impl Iterator<Item = &'static str> {
        self.named.iter().map(|(_, outside)| *outside)
    }

    /// The same of those that take tokens of this program.
    pub(super) fn of_our_tokens(&self) -> impl Iterator<Item = &'static str> {
        let is_ours = |outside: &&str| self.adfs.is_none() || *outside != SECOND_WEB;
        self.outside().filter(is_ours)
    }

    /// All but the first pool, which a stand-in world has by itself: in the second every second person
    /// is at home, and nobody at the Director.
    pub(super) fn beside_the_first(
        &self,
        scene: &Scene,
        people: &[Person],
        sts: lab::StsMetadata,
    ) -> Vec<lab::Pool> {
        let others = self.named.iter().filter(|(inside, _)| *inside != POOL);
        let pool = |(inside, outside): &(&str, &str)| lab::Pool {
            internal_host: (*inside).to_owned(),
            web_host: scene.host(outside),
            members: scene.members,
            people: if *inside == SECOND_POOL {
                let second = people.iter().skip(1).step_by(2);
                second.map(|person| person.sam.clone()).collect()
            } else {
                Vec::new()
            },
            passive: (self.is_passive && *inside == SECOND_POOL).then(|| sts.clone()),
        };
        others.map(pool).collect()
    }

    fn passive(&self) -> String {
        match &self.adfs {
            Some((host, port)) => format!("passive = true\npassive_adfs = \"{host}:{port}\"\n"),
            None => "passive = true\n".to_owned(),
        }
    }

    /// Their part of the configuration.
    pub(super) fn configuration(&self, scene: &Scene, lab: &lab::Started) -> String {
        let mut text = String::new();
        for (number, (inside, outside)) in self.named.iter().enumerate() {
            let mut pools = lab.pools.iter();
            let started = pools.find(|pool| pool.internal_host == *inside);
            let (one, several) = servers(started);
            let farm = farm(inside);
            let discover = match number {
                0 => format!("discover_hosts = [\"{}\"]\n", scene.host("lyncdiscover")),
                _ => String::new(),
            };
            let passive = match self.is_passive && *inside == SECOND_POOL {
                true => self.passive(),
                false => String::new(),
            };
            let published = format!("{}:{}", scene.host(outside), scene.https_port);
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "[[farm]]\nname = \"{farm}\"\n{one}authorities = \"ca.pem\"\n\
                 identity_header = \"{IDENTITY_HEADER}\"\naudience = \"lync-front-end\"\n{several}\n\
                 [[lync.pool]]\nweb_host = \"{}\"\npublic_port = {}\n{discover}\
                 internal_names = {{ \"{inside}\" = \"{published}\" }}\nfarm = \"{farm}\"\n{passive}\n",
                scene.host(outside),
                scene.https_port,
            );
        }
        text
    }
}

/// The farm of a pool, by the pool's own name.
pub(super) fn farm(inside: &str) -> &str {
    match inside {
        POOL => "lync-front-end",
        other => other.split('.').next().unwrap_or(other),
    }
}

/// What the configuration says of a farm's servers: of one after the farm's name, of several each in a
/// table after everything else.
pub(super) fn servers(pool: Option<&lab::StartedPool>) -> (String, String) {
    let Some(pool) = pool else {
        return (String::new(), String::new());
    };
    let server = |member: &lab::Member| {
        format!(
            "address = \"https://{}\"\ntls_name = \"{}\"\n",
            member.address, pool.internal_host
        )
    };
    match pool.members.as_slice() {
        [only] => (server(only), String::new()),
        several => {
            let table = |member| format!("\n[[farm.member]]\n{}", server(member));
            (String::new(), several.iter().map(table).collect())
        }
    }
}
