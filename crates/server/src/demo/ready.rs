//! What the demo says when it is ready: one line of JSON (design 9), or three commands to try.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::certificates::Authority;
use super::people::Person;
use super::{STS, Scene, pools, quoted};

/// How many people are shown to people; all of them are in the line.
const SHOWN: usize = 2;

/// The one line.
#[derive(Serialize)]
pub(super) struct Ready {
    ready: bool,
    dir: String,
    config: String,
    ca: String,
    address: &'static str,
    https_port: u16,
    http_port: u16,
    urls: Urls,
    users: Vec<User>,
    lab: Lab,
    sip: String,
}

#[derive(Serialize)]
struct Urls {
    discover: String,
    mex: String,
    web_ticket: String,
    user: String,
    autodiscover: String,
    ews: String,
    portal: String,
    sts: String,
    metadata: String,
}

#[derive(Serialize)]
struct User {
    account: String,
    upn: String,
    sip: String,
    sid: String,
    domain_password: String,
    app_password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp_secret: Option<String>,
}

#[derive(Serialize)]
struct Lab {
    requests: String,
    /// The servers of each farm.
    members: BTreeMap<String, Vec<Member>>,
}

#[derive(Serialize)]
struct Member {
    id: String,
    address: String,
}

impl Ready {
    pub(super) fn new(
        scene: &Scene,
        authority: &Authority,
        people: &[Person],
        lab: &lab::Started,
    ) -> Self {
        Self {
            ready: true,
            dir: scene.dir.display().to_string(),
            config: scene.config_file().display().to_string(),
            ca: authority.file.display().to_string(),
            address: "127.0.0.1",
            https_port: scene.https_port,
            http_port: scene.http_port,
            urls: Urls {
                discover: scene.url("lyncdiscover", "/"),
                mex: scene.url("lyncweb", "/WebTicket/WebTicketService.svc/mex"),
                web_ticket: scene.url("lyncweb", "/WebTicket/WebTicketService.svc"),
                user: scene.url("lyncweb", "/Autodiscover/AutodiscoverService.svc/root/user"),
                autodiscover: scene.url("autodiscover", "/autodiscover/autodiscover.xml"),
                ews: scene.url("mail", "/EWS/Exchange.asmx"),
                portal: scene.url("portal", "/"),
                sts: scene.url(STS, "/adfs/ls/"),
                metadata: scene.url(STS, "/FederationMetadata/2007-06/FederationMetadata.xml"),
            },
            users: people.iter().map(user).collect(),
            lab: Lab {
                requests: lab.requests_url.clone(),
                members: members(lab),
            },
            sip: lab.sip.to_string(),
        }
    }

    /// The same for people: what runs, and three commands that answer 200, 401 and 401.
    pub(super) fn for_people(&self, scene: &Scene, people: &[Person]) -> String {
        let mut text = format!(
            "The gate is open on https://*.{}:{} (everything is in {}).\n",
            scene.domain, self.https_port, self.dir
        );
        for user in self.users.iter().take(SHOWN) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n  {}  app password {}  domain password {}",
                user.account, user.app_password, user.domain_password
            );
        }
        if let (Some(user), Some(person)) = (self.users.first(), people.first()) {
            let request = quoted(&scene.request_file(person));
            let signed_in = self.curl(&user.account, &user.app_password, &request);
            let leaked = self.curl(&user.account, &user.domain_password, &request);
            let nobody = format!(
                "{} --data @{request} {}",
                self.start(),
                self.urls.web_ticket
            );
            let _ = write!(
                text,
                "\n\nA Lync web ticket with the app password answers 200:\n\n{signed_in}\n\n\
                 The domain password, which the server behind would take, answers 401:\n\n\
                 {leaked}\n\nNobody at all answers 401:\n\n{nobody}\n"
            );
        }
        if let Some(user) = self.passive(scene) {
            text += &user;
        }
        let _ = write!(
            text,
            "\nWhat the servers behind have seen: {}\nStop with Ctrl-C.",
            self.lab.requests
        );
        text
    }

    /// How somebody signs in to the pool in passive mode, where there is one.
    fn passive(&self, scene: &Scene) -> Option<String> {
        // Every second person is at home there.
        let user = self.users.get(1)?;
        let secret = user.totp_secret.as_ref()?;
        let page = scene.url(pools::SECOND_WEB, "/PassiveAuth/PassiveAuth.aspx");
        Some(format!(
            "\nThe second pool is in passive mode. A browser that trusts {} signs in there with account, app password and \
             code:\n\n  {page}\n  {}  app password {}  code of `oathtool --totp -b {secret}`\n",
            self.ca, user.sip, user.app_password
        ))
    }

    fn start(&self) -> String {
        format!(
            "curl -s -o /dev/null -w '%{{http_code}}\\n' --cacert {} -H 'Content-Type: text/xml'",
            quoted(std::path::Path::new(&self.ca))
        )
    }

    fn curl(&self, account: &str, password: &str, request: &str) -> String {
        let url = &self.urls.web_ticket;
        format!(
            "{} --ntlm -u '{account}:{password}' --data @{request} {url}",
            self.start()
        )
    }
}

/// The servers of each farm.
fn members(lab: &lab::Started) -> BTreeMap<String, Vec<Member>> {
    let member = |member: &lab::Member| Member {
        id: member.id.clone(),
        address: member.address.to_string(),
    };
    let farm = |pool: &lab::StartedPool| {
        let members = pool.members.iter().map(member).collect();
        (pools::farm(&pool.internal_host).to_owned(), members)
    };
    let mut farms: BTreeMap<String, Vec<Member>> = lab.pools.iter().map(farm).collect();
    let exchanges = lab.exchanges.members.iter().map(member);
    farms.insert("exchange".to_owned(), exchanges.collect());
    farms
}

fn user(person: &Person) -> User {
    let app_password = person
        .app_password
        .as_ref()
        .map(|typed| typed.expose().clone());
    User {
        account: person.account(),
        upn: person.upn.clone(),
        sip: person.sip.clone(),
        sid: person.sid.clone(),
        domain_password: person.domain_password.expose().clone(),
        app_password: app_password.unwrap_or_default(),
        totp_secret: person
            .totp_secret
            .as_ref()
            .map(|secret| secret.expose().clone()),
    }
}
