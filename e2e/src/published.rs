//! The table of published paths (design 14): each path of the presets, and what it takes.
//!
//! Written down from the design and not from the code, so that stories can hold the one against the
//! other. Start at [`ROWS`]; [`Gate`] asks for them.

mod gate;

pub use gate::{Arrived, Gate};

use self::Takes::{
    Bearer, Closed, Grant, Guests, Logon, Message, Nobody, Observed, Preflight, Ticket,
    UsernameToken,
};

/// The published hosts, by their first label.
pub const HOSTS: [&str; 4] = ["lyncdiscover", "lyncweb", "mail", "autodiscover"];

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The first label of the host.
    pub host: &'static str,
    /// The path, as the preset's route writes it.
    pub path: &'static str,
    /// A path of it that the stand-in servers know.
    pub at: &'static str,
    /// What it takes.
    pub takes: Takes,
}

/// What a row takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Whoever comes.
    Nobody,
    /// A web ticket in its header.
    Ticket,
    /// A compact ticket as a bearer's.
    Bearer,
    /// A web ticket in a SOAP message.
    Message,
    /// What comes; a ticket is only looked at.
    Observed,
    /// A Windows logon by one of these.
    Logon(&'static [&'static str]),
    /// A UsernameToken.
    UsernameToken,
    /// A guest's request.
    Guests,
    /// The form of a grant.
    Grant,
    /// A browser's CORS preflight, whatever is taken there otherwise.
    Preflight,
    /// Nothing.
    Closed,
}

const WINDOWS: &[&str] = &["Negotiate", "NTLM"];
const PASSWORDS: &[&str] = &["Negotiate", "NTLM", REALM];
/// What is offered where nothing but Basic is.
pub const BASIC: &[&str] = &[REALM];
const REALM: &str = "Basic realm=\"contoso.localhost\", charset=\"UTF-8\"";
/// Where web tickets are asked for.
pub const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const DISCOVER: &str = "/Autodiscover/AutodiscoverService.svc/root";
const APPLICATION: &str = "/ucwa/oauth/v1/applications/1";

const fn row(host: &'static str, path: &'static str, takes: Takes) -> Row {
    Row {
        host,
        path,
        at: path,
        takes,
    }
}

impl Row {
    const fn at(self, at: &'static str) -> Self {
        Self { at, ..self }
    }
}

/// Design 14, row by row.
pub const ROWS: [Row; 38] = [
    row("lyncdiscover", "/", Nobody),
    row("lyncdiscover", DISCOVER, Nobody),
    row("lyncweb", DISCOVER, Nobody),
    row(
        "lyncweb",
        "/Autodiscover/AutodiscoverService.svc/root/user",
        Ticket,
    ),
    row(
        "lyncweb",
        "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
        Bearer,
    ),
    row("lyncweb", "/WebTicket/WebTicketService.svc/mex", Nobody),
    row(
        "lyncweb",
        "/CertProv/CertProvisioningService.svc/mex",
        Nobody,
    ),
    row("lyncweb", "/groupexpansion/service.svc/mex", Nobody),
    row("lyncweb", SERVICE, Logon(WINDOWS)),
    row(
        "lyncweb",
        "/WebTicket/WebTicketService.svc/Auth",
        UsernameToken,
    ),
    row("lyncweb", "/WebTicket/WebTicketService.svc/Anon", Guests),
    row("lyncweb", "/WebTicket/oauthtoken", Grant),
    row("lyncweb", "/WebTicket", Closed).at("/WebTicket/WebTicketService.svc/pin"),
    row("lyncdiscover", "/WebTicket", Closed).at("/WebTicket/WebTicketService.svc"),
    row("lyncweb", "/CertProv", Message)
        .at("/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1"),
    row("lyncweb", "/groupexpansion", Message).at("/groupexpansion/service.svc/WebTicket_Bearer"),
    row("lyncweb", "/ucwa", Bearer).at(APPLICATION),
    row("lyncweb", "/abs", Ticket).at("/abs/handler/F-1.lsabs"),
    row("lyncweb", "/Mcx", Ticket).at("/Mcx/McxService.svc"),
    row("lyncweb", "/Reach", Observed).at("/Reach/sip.svc"),
    row("lyncweb", "/Scheduler", Observed),
    row("lyncweb", "/meet", Nobody).at("/meet/anna/ABC123"),
    row("lyncweb", "/dialin", Nobody),
    row("lyncweb", "/lwa", Nobody).at("/lwa/WebPages/LwaClient.aspx"),
    row("lyncweb", "/Autodiscover/XFrame", Nobody).at("/Autodiscover/XFrame/XFrame.html"),
    row("lyncweb", "/PassiveAuth", Nobody).at("/PassiveAuth/PassiveAuth.aspx"),
    row("mail", "/EWS", Logon(PASSWORDS)).at("/EWS/echo"),
    row("mail", "/mapi", Logon(PASSWORDS)).at("/mapi/emsmdb/"),
    row("mail", "/OAB", Logon(PASSWORDS)).at("/OAB/1/oab.xml"),
    row("mail", "/Microsoft-Server-ActiveSync", Logon(BASIC)),
    row("mail", "/Autodiscover/Autodiscover.xml", Logon(PASSWORDS)),
    row("mail", "/Autodiscover/Autodiscover.svc", Logon(PASSWORDS)),
    row("mail", "/EWS/mrsproxy.svc", Closed),
    row("mail", "/EWS/../WSSecurity", Closed).at("/EWS/Exchange.asmx/WSSecurity"),
    row("mail", "/Autodiscover/../WSSecurity", Closed)
        .at("/Autodiscover/Autodiscover.svc/WSSecurity"),
    row(
        "autodiscover",
        "/Autodiscover/Autodiscover.xml",
        Logon(PASSWORDS),
    ),
    row(
        "autodiscover",
        "/Autodiscover/Autodiscover.svc",
        Logon(PASSWORDS),
    ),
    row("autodiscover", "/Autodiscover/../WSSecurity", Closed)
        .at("/Autodiscover/Autodiscover.svc/WSSecurity"),
];

/// What UCWA's browsers ask first: the same path, by another method.
pub const PREFLIGHT: Row = row("lyncweb", "/ucwa", Preflight).at(APPLICATION);

/// Where a certificate buys a ticket: published only where the operator opened it (decision 0006).
pub const BY_CERTIFICATE: (&str, &str) = ("lyncweb", "/WebTicket/WebTicketService.svc/cert");

impl Row {
    /// Whose the request is that passes, if it is anybody's.
    #[must_use]
    pub fn is_somebodys(&self) -> bool {
        !matches!(self.takes, Nobody | Preflight | Observed | Guests | Closed)
    }

    /// What the list of the servers behind says of credentials that may arrive.
    #[must_use]
    pub fn may_arrive(&self, line: Option<&String>) -> Vec<String> {
        let is_bearer = line.is_some_and(|line| line.contains("Bearer"));
        match self.takes {
            Bearer => vec!["Bearer".to_owned()],
            Observed if is_bearer => vec!["Bearer".to_owned()],
            _ => Vec::new(),
        }
    }

    /// Whether it looks at `Authorization` at all.
    #[must_use]
    pub fn reads_authorization(&self) -> bool {
        matches!(self.takes, Logon(_) | Bearer | Grant)
    }

    /// Whether the back end is told who the user is by the gate.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(self.takes, Logon(_) | UsernameToken | Grant)
    }
}
