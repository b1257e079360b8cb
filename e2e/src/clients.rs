//! Replays of clients: what each of them sends from discover to its ticket and beyond, written from
//! published facts where the client cannot be run here. Start at [`CLIENTS`] and [`Stage::signs_in`].
//!
//! The tags are those of the guide's page on clients. An order of headers, a retry and a User-Agent that
//! no source shows are assumptions, so that stories vary them.

mod stage;

pub use stage::{Came, Legs, Stage};

/// One client.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// What the guide calls it.
    pub name: &'static str,
    /// By what it signs in.
    pub by: By,
    /// The port of the metadata that it looks for.
    pub port: &'static str,
    /// Where it signs in.
    pub at: &'static str,
    /// Who played it.
    pub played: Played,
    /// How it calls itself.
    pub user_agent: &'static str,
    /// The order of its headers.
    pub order: &'static [&'static str],
    /// Where it goes with its ticket.
    pub then: &'static [&'static str],
}

/// By what a client signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A Kerberos ticket of the domain.
    Kerberos,
    /// `Authorization: NTLM`.
    Ntlm,
    /// The same within `Authorization: Negotiate`.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
    /// A UsernameToken in the message.
    UsernameToken,
    /// Name and password in a form.
    Grant,
    /// Nothing.
    Nothing,
    /// An extension and a PIN.
    Pin,
}

impl By {
    /// Its word in the guide.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kerberos => "Kerberos",
            Self::Ntlm => "NTLM",
            Self::Negotiate => "NTLM in Negotiate",
            Self::Basic => "Basic",
            Self::UsernameToken => "UsernameToken",
            Self::Grant => "password grant",
            Self::Nothing => "nothing",
            Self::Pin => "PIN",
        }
    }

    /// The channel that a policy calls it.
    #[must_use]
    pub fn channel(self) -> Option<&'static str> {
        match self {
            Self::Kerberos | Self::Negotiate => Some("negotiate"),
            Self::Ntlm => Some("ntlm"),
            Self::Basic => Some("basic"),
            Self::UsernameToken => Some("username-token"),
            Self::Grant => Some("grant"),
            Self::Nothing | Self::Pin => None,
        }
    }
}

/// Who played a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// The software itself runs here, and a replay beside it.
    Real,
    /// A replay from published facts.
    Derived,
}

impl Played {
    /// Its word in the guide.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Real => "the client itself",
            Self::Derived => "a replay",
        }
    }
}

/// The path of the web ticket service.
pub const SERVICE: &str = "/WebTicket/WebTicketService.svc";
/// Where Exchange's clients find their mailbox.
pub const POX: &str = "/Autodiscover/Autodiscover.xml";
const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const ANON: &str = "/WebTicket/WebTicketService.svc/Anon";
const PIN: &str = "/WebTicket/WebTicketService.svc/pin";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
const ACTIVESYNC: &str = "/Microsoft-Server-ActiveSync";
const WINDOWS_PORT: &str = "WebTicketServiceWinNegotiate";

/// How SIPE orders its headers [SIPE]; others may.
const AS_SIPE: &[&str] = &[
    "Host",
    "User-Agent",
    "Content-Length",
    "Content-Type",
    "Accept",
    "SOAPAction",
    "Authorization",
];
/// UNCONFIRMED: how WinINet and what came of it on phones order theirs.
const AS_WININET: &[&str] = &[
    "Connection",
    "Content-Type",
    "Accept",
    "Authorization",
    "User-Agent",
    "SOAPAction",
    "Content-Length",
    "Host",
];
/// UNCONFIRMED: how a browser orders those of a script's request.
const AS_BROWSER: &[&str] = &[
    "Host",
    "Connection",
    "Content-Length",
    "Origin",
    "User-Agent",
    "SOAPAction",
    "Content-Type",
    "Accept",
    "Referer",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
];

const MSIE: &str = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko";
const UCCAPI: &str = "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)";

const REPLAY: Client = Client {
    name: "",
    by: By::Ntlm,
    port: WINDOWS_PORT,
    at: SERVICE,
    played: Played::Derived,
    user_agent: UCCAPI,
    order: AS_WININET,
    then: &[],
};

/// The clients of the first article's table come first, in its order.
pub const CLIENTS: [Client; 18] = [
    Client {
        name: "Lync 2013 or Skype for Business on a PC, inside",
        by: By::Kerberos,
        ..REPLAY
    },
    Client {
        name: "Lync 2013 or Skype for Business on a PC, outside",
        ..REPLAY
    },
    Client {
        name: "Lync 2013 on Windows Phone",
        user_agent: "WPLync/5.4.1087.0 (Microsoft Lync 2013 Windows Phone)",
        ..REPLAY
    },
    Client {
        name: "Lync 2013 on Android, 5.4 and later",
        user_agent: "ACOMO/5.4.1106 (Android 4.4.2)",
        order: AS_SIPE,
        ..REPLAY
    },
    Client {
        name: "Lync 2013 on Android, before 5.4",
        by: By::UsernameToken,
        port: "WebTicketServiceAuth",
        at: AUTH,
        user_agent: "ACOMO/5.2.0 (Android 4.2.2)",
        order: AS_SIPE,
        ..REPLAY
    },
    Client {
        name: "Lync Web App, a user of the domain",
        by: By::UsernameToken,
        port: "WebTicketServiceAuth",
        at: AUTH,
        user_agent: MSIE,
        order: AS_BROWSER,
        then: &["/Reach/sip.svc"],
        ..REPLAY
    },
    Client {
        name: "Lync Web App, a guest",
        by: By::Nothing,
        port: "WebTicketServiceAnon",
        at: ANON,
        user_agent: MSIE,
        order: AS_BROWSER,
        ..REPLAY
    },
    Client {
        name: "Lync 2013 on iPhone and iPad",
        user_agent: "iphonelync/5.4 (iPhone; Darwin)",
        order: AS_SIPE,
        ..REPLAY
    },
    Client {
        name: "Lync 2010 Mobile",
        user_agent: "iphonelync/4.3 (iPhone; Darwin)",
        order: AS_SIPE,
        then: &["/Mcx/McxService.svc"],
        ..REPLAY
    },
    Client {
        name: "Lync from the Windows Store",
        user_agent: "UCCAPI/15.0.4420.1017 LyncMX/4.5",
        ..REPLAY
    },
    Client {
        name: "Lync Room System",
        user_agent: "UCCAPI/15.0.4797.1000 LyncRoom/15.0",
        ..REPLAY
    },
    Client {
        name: "Lync for Mac 2011",
        port: "",
        at: POX,
        user_agent: "MacLync/14.0.11 (Microsoft Lync for Mac 2011)",
        order: AS_SIPE,
        ..REPLAY
    },
    Client {
        name: "Lync Phone Edition, by PIN",
        by: By::Pin,
        port: "WebTicketServicePin",
        at: PIN,
        user_agent: "CPE/4.0.7577.4451 OCPhone/4.0.7577.4451",
        ..REPLAY
    },
    Client {
        name: "Lync Phone Edition, by user name",
        user_agent: "CPE/4.0.7577.4451 OCPhone/4.0.7577.4451",
        ..REPLAY
    },
    Client {
        name: "Applications of UCWA and of the web SDK",
        by: By::Grant,
        port: "",
        at: OAUTHTOKEN,
        user_agent: MSIE,
        order: AS_BROWSER,
        ..REPLAY
    },
    Client {
        name: "Pidgin with SIPE",
        by: By::Negotiate,
        played: Played::Real,
        user_agent: "pidgin/2.14 sipe/1.25.0 (linux-x86_64)",
        order: AS_SIPE,
        ..REPLAY
    },
    Client {
        name: "Outlook and what else speaks Exchange Web Services",
        port: "",
        at: POX,
        user_agent: "Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.4420)",
        ..REPLAY
    },
    Client {
        name: "Phones that speak ActiveSync",
        by: By::Basic,
        port: "",
        at: ACTIVESYNC,
        user_agent: "Apple-iPhone6C1/1202.466",
        order: AS_SIPE,
        ..REPLAY
    },
];

/// How many of them are those of the first article's table.
pub const OF_THE_ARTICLE: usize = 7;
