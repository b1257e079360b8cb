//! The weave on the host of Lync's web services, where requests of nobody's and of somebody's share a
//! client's connection and may never share one to a back end (I3).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Thread, Weave};
use crate::client::request_for;
use crate::demo::{Demo, Person};
use crate::raw::{Answer, Raw};
use crate::sign_in::{Ntlm, Request};

const WEB: &str = "lyncweb.contoso.localhost";
const TICKET: &str = "/WebTicket/WebTicketService.svc";
/// What is answered to anybody.
const OPEN: [&str; 2] = [
    "/WebTicket/WebTicketService.svc/mex",
    "/Autodiscover/AutodiscoverService.svc/root",
];

impl Weave {
    /// Checks the list of the servers behind: each connection carried one user, or nobody; gives how
    /// many there were of each.
    ///
    /// # Errors
    ///
    /// One carried two.
    pub fn apart(&self, demo: &Demo) -> anyhow::Result<(usize, usize)> {
        let mut carried: BTreeMap<u64, BTreeSet<Option<String>>> = BTreeMap::new();
        for seen in demo.requests()? {
            let connection = seen.get("connection").and_then(Value::as_u64);
            let connection = connection.context("no connection")?;
            let identity = seen.get("identity").and_then(Value::as_str);
            let identity = identity.map(str::to_owned);
            carried.entry(connection).or_default().insert(identity);
        }
        for (connection, identities) in &carried {
            ensure!(
                identities.len() == 1,
                "I3: connection {connection} carried {identities:?}"
            );
        }
        let nobodys = carried.values().filter(|it| it.contains(&None)).count();
        Ok((nobodys, carried.len() - nobodys))
    }
}

impl Thread<'_> {
    fn web(&mut self) -> anyhow::Result<&mut Raw> {
        if self.web.is_none() {
            self.web = Some(Raw::connect(self.demo, &self.weave.tls, WEB)?);
            self.holder = None;
        }
        self.web.as_mut().context("there is a connection")
    }

    pub(super) fn leave_the_web(&mut self) {
        self.web = None;
        self.holder = None;
    }

    /// Whoever the connection belongs to, this is nobody's; and it stays whose it was.
    pub(super) fn anonymous(&mut self) -> anyhow::Result<()> {
        let which = usize::try_from(self.dice.roll(2))?;
        let path = OPEN.get(which).context("a path")?;
        let answer = self.web()?.exchange(Request::new(WEB, path).text())?;
        ensure!(answer.status == 200, "{path} got {}", answer.status);
        Ok(())
    }

    pub(super) fn web_ticket(&mut self) -> anyhow::Result<()> {
        let person = self.somebody()?;
        let request = request_for(self.demo, &person.sip);
        let ntlm = Ntlm::modern(&person, &person.app_password, self.dice.roll(u64::MAX));
        self.holder = None;
        let answer = ntlm.sign_in(self.web()?, &Request::post(WEB, TICKET, &request))?;
        is_a_ticket_of(&answer, &person)?;
        self.holder = Some(person);
        Ok(())
    }

    /// The connection is still its holder's, whatever anonymous requests came between.
    pub(super) fn web_ticket_again(&mut self) -> anyhow::Result<()> {
        let holder = self.holder.clone();
        let sip = holder.as_ref().map_or("sip:nobody@x", |it| it.sip.as_str());
        let request = request_for(self.demo, sip);
        let post = Request::post(WEB, TICKET, &request).text();
        let answer = self.web()?.exchange(post)?;
        match (&holder, &self.holder) {
            (Some(person), Some(_)) => is_a_ticket_of(&answer, person),
            _ => {
                ensure!(answer.status == 401, "nobody got {}", answer.status);
                Ok(())
            }
        }
    }

    pub(super) fn web_ticket_of_another(&mut self) -> anyhow::Result<()> {
        let other = self.somebody()?;
        let is_own = self.holder.as_ref().is_some_and(|it| it.sip == other.sip);
        if self.holder.is_none() || is_own {
            return self.web_ticket_again();
        }
        let request = request_for(self.demo, &other.sip);
        let post = Request::post(WEB, TICKET, &request).text();
        let answer = self.web()?.exchange(post)?;
        ensure!(answer.status == 500, "another's got {}", answer.status);
        Ok(())
    }
}

fn is_a_ticket_of(answer: &Answer, person: &Person) -> anyhow::Result<()> {
    ensure!(answer.status == 200, "{} got {}", person.sip, answer.status);
    let subject = format!(">{}<", person.sip);
    ensure!(
        answer.text().contains(&subject),
        "I1: this is no ticket of {}: {}",
        person.sip,
        answer.text()
    );
    Ok(())
}
