//! What no row of design 14 lists is 404 on every host, with and without credentials, and what could be
//! read as another path is 400; none of it reaches a server behind (S52, S53, T-HTTP-9).
//!
//! The stand-in servers would let the domain password into most of these. Start at [`UNLISTED`].

use std::collections::BTreeSet;

use e2e::published::{Gate, HOSTS, ROWS, Takes};
use e2e::raw::Raw;
use e2e::sign_in::{Request, basic};

/// Real paths of IIS, Exchange, Lync and what stands beside them, and what a scanner asks for: listed on
/// no host, in whatever letters.
const UNLISTED: [&str; 141] = [
    // Exchange.
    "/owa",
    "/OWA/",
    "/owa/auth/logon.aspx?url=https://mail.contoso.localhost/owa/",
    "/owa/auth.owa",
    "/owa/auth/x.js",
    "/owa/service.svc?action=GetFolder",
    "/owa/healthcheck.htm",
    "/owa/languageselection.aspx",
    "/owa/integrated",
    "/owa/calendar/anna/calendar.html",
    "/oWa/ev.owa2",
    "/ecp",
    "/ECP/",
    "/ecp/default.aspx",
    "/ecp/y.js",
    "/ecp/DDI/DDIService.svc/GetObject",
    "/ecp/proxyLogon.ecp",
    "/ecp/healthcheck.htm",
    "/rpc",
    "/RPC/rpcproxy.dll?exch01.contoso.local:6001",
    "/rpc/healthcheck.htm",
    "/RpcWithCert/rpcproxy.dll",
    "/PowerShell",
    "/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dz",
    "/PowerShell-LiveID",
    "/PowerShell-Proxy",
    "/Exchange/anna/Inbox",
    "/exchweb/bin/auth/owaauth.dll",
    "/exadmin",
    "/public",
    "/EWSX/Exchange.asmx",
    "/EW",
    "/mapix/emsmdb",
    "/OABX",
    "/EWS/mrsproxy.svc",
    "/ews/MRSProxy.SVC",
    "/EWS/MRSProxy.svc/x",
    "/EWS/%6drsproxy.svc",
    "/EWS/Exchange.asmx/WSSecurity",
    "/EWS/exchange.asmx/wssecurity",
    "/EWS/Exchange.asmx/WSSecurity/SymmetricKey",
    "/EWS/Exchange.asmx/WSSecurity/X509Cert",
    "/EWS/Exchange.asmx/%57SSecurity",
    "/EWS/Services.wsdl/WSSecurity/x",
    "/Autodiscover",
    "/Autodiscover/",
    "/autodiscover/autodiscover.json?Email=anna@contoso.localhost&Protocol=EWS",
    "/autodiscover/autodiscover.json/v1.0/anna@contoso.localhost",
    "/autodiscover/metadata/json/1",
    "/autodiscover/autodiscover.xml/x",
    "/autodiscover/autodiscover.xml/",
    "/Autodiscover/Autodiscover.svc/x",
    "/Autodiscover/Autodiscover.svc/WSSecurity",
    "/Autodiscover/Autodiscover.svc/WSSecurity/SymmetricKey",
    "/Autodiscover/Autodiscover.svc/WSSecurity/X509Cert",
    "/Autodiscover/Autodiscover.asmx",
    "/Microsoft-Server-ActiveSync/Proxy",
    "/Microsoft-Server-ActiveSync/default.eas?Cmd=Sync",
    "/Microsoft-Server-ActiveSyncX",
    "/Microsoft-Server",
    "/api/v2.0/me/messages",
    "/API",
    "/PushNotifications",
    "/SyncServices",
    "/UnifiedMessaging",
    "/O365SuiteService",
    "/ReportingWebService",
    "/sync",
    // Lync and Skype for Business.
    "/WebTicket",
    "/WebTicket/",
    "/WebTicket/WebTicketService.svc/cert",
    "/webticket/webticketservice.svc/CERT",
    "/WebTicket/WebTicketService.svc/%63ert",
    "/WebTicket/WebTicketService.svc/pin",
    "/WebTicket/WebTicketService.svc/WsFed_bearer",
    "/WebTicket/WebTicketService.svc/WsFed_passive",
    "/WebTicket/WebTicketService.svc/Negotiate",
    "/WebTicket/WebTicketService.svc/mex/x",
    "/WebTicket/WebTicketService.svc/Auth/x",
    "/WebTicket/WebTicketService.svc/Auth/",
    "/WebTicket/WebTicketService.svc/Anon/x",
    "/WebTicket/WebTicketService.svc/",
    "/WebTicket/WebTicketService.svcx",
    "/WebTicket/WebTicketAdvancedService.svc",
    "/WebTicket/WebTicketAdvancedService.svc/WsFed_bearer",
    "/WebTicket/WebTicketAdvancedService.svc/mex",
    "/WebTicket/oauthtoken/x",
    "/WebTicket/oauth",
    "/Autodiscover/AutodiscoverService.svc",
    "/Autodiscover/AutodiscoverService.svc/root/",
    "/Autodiscover/AutodiscoverService.svc/root/domain",
    "/Autodiscover/AutodiscoverService.svc/root/oauth",
    "/Autodiscover/AutodiscoverService.svc/root/oauth/domain",
    "/Autodiscover/AutodiscoverService.svc/root/user/x",
    "/Autodiscover/AutodiscoverService.svc/root/oauth/user/x",
    "/CertProvX",
    "/ucwax/v1/applications",
    "/absx",
    "/McxX/McxService.svc",
    "/ReachX/sip.svc",
    "/meetx/anna",
    "/lwax",
    "/OcsPowershell",
    "/Cscp",
    "/Macp",
    "/RgsClients/Tab.aspx",
    "/RgsConfig",
    "/RequestHandler/ucdevice.upx",
    "/RequestHandlerExt/ucdevice.upx",
    "/DeviceUpdateFiles_Ext/x",
    "/DeviceUpdateFiles_Int/x",
    "/PhoneConferencing/Conference",
    "/DataCollabWeb/wopi",
    "/CollabContent",
    "/Persistentchat/Rm",
    "/HybridConfig",
    "/LyncDiscover",
    "/LocationInformation/lisservice.svc",
    // IIS, ASP.NET, Windows, federation.
    "/aspnet_client",
    "/aspnet_client/system_web/4_0_30319/x.aspx",
    "/iisstart.htm",
    "/iisstart.png",
    "/welcome.png",
    "/web.config",
    "/bin/Microsoft.Exchange.HttpProxy.dll",
    "/trace.axd",
    "/elmah.axd",
    "/_vti_bin/lists.asmx",
    "/certsrv/certfnsh.asp",
    "/CertEnroll",
    "/RDWeb/Pages/en-US/login.aspx",
    "/wsman",
    "/adfs/ls/?wa=wsignin1.0",
    "/adfs/services/trust/mex",
    "/FederationMetadata/2007-06/FederationMetadata.xml",
    "/.well-known/openid-configuration",
    "/favicon.ico",
    "/robots.txt",
    // The stand-in servers' own, and the gate's.
    "/lab/echo",
    "/requests",
    "/metrics",
];

/// Spellings that some server reads as a path that is listed, or as one that is closed.
const IN_DOUBT: [&str; 52] = [
    "/EWS/../owa",
    "/EWS/./Exchange.asmx",
    "/EWS/..",
    "/EWS/.",
    "//EWS/Exchange.asmx",
    "/EWS//Exchange.asmx",
    "/EWS//mrsproxy.svc",
    "/EWS/%2e%2e/owa",
    "/EWS/%2E./owa",
    "/EWS/.%2e/ecp/",
    "/EWS/..%2fowa",
    "/EWS%2fExchange.asmx",
    "/EWS%2Fmrsproxy.svc",
    "/EWS/..%5cowa",
    "/EWS%5cExchange.asmx",
    "/EWS\\Exchange.asmx",
    "/EWS/..\\owa",
    "/EWS;x/Exchange.asmx",
    "/EWS/Exchange.asmx;.js",
    "/EWS/..;/owa",
    "/EWS%3b/Exchange.asmx",
    "/EWS./Exchange.asmx",
    "/EWS/Exchange.asmx.",
    "/EWS/mrsproxy.svc.",
    "/EWS/mrsproxy.svc..",
    "/EWS/mrsproxy.svc%20",
    "/EWS%20/Exchange.asmx",
    "/EWS/%20mrsproxy.svc",
    "/EWS/mrsproxy.svc::$DATA",
    "/EWS/mrsproxy.svc%3a%3a$DATA",
    "/EWS::$INDEX_ALLOCATION/mrsproxy.svc",
    "/EWS/MRSPRO~1.SVC",
    "/EWS/mrsproxy%2esvc",
    "/(S(abc))/EWS/Exchange.asmx",
    "/EWS/(S(abc))/mrsproxy.svc",
    "/EWS/(A(x)F(y))/Exchange.asmx",
    "/EWS/%252e%252e/owa",
    "/EWS/%25%32%65/owa",
    "/EWS/%c0%ae%c0%ae/owa",
    "/EWS/%c0%afowa",
    "/EWS/%u002e%u002e/owa",
    "/EWS/%zz",
    "/EWS/%",
    "/EWS/Exchange.asmx%00.js",
    "/EWS/Exchange.asmx%0d%0aX-Remote-User:%20anna",
    "/EWS/mrsproxy.svc%c2%a0",
    "/EWS/%ef%bc%8e%ef%bc%8e/owa",
    "/meet/../WebTicket/WebTicketService.svc/cert",
    "/meet/%2e%2e/lab/echo",
    "/meet/..%5c..%5cowa",
    "/lwa/..;/WebTicket/WebTicketService.svc/cert",
    "/WebTicket/WebTicketService.svc/mex/..%2fcert",
];

/// Methods by which each is asked for.
const METHODS: [&str; 2] = ["GET", "POST"];

/// Asks as nobody, or as somebody who may use everything, on one connection as long as that lasts.
struct Caller<'g> {
    gate: &'g Gate,
    host: &'static str,
    lines: Vec<String>,
    raw: Raw,
}

impl<'g> Caller<'g> {
    fn nobody(gate: &'g Gate, host: &'static str) -> anyhow::Result<Self> {
        Ok(Self {
            raw: gate.connect(host)?,
            gate,
            host,
            lines: Vec::new(),
        })
    }

    /// Anna: by the connection where a host has that, by Basic and by ticket.
    fn anna(gate: &'g Gate, host: &'static str) -> anyhow::Result<Self> {
        let of_host = |takes: Takes| matches!(takes, Takes::Logon(_));
        let row = ROWS
            .iter()
            .find(|row| row.host == host && of_host(row.takes) && !row.path.contains("ActiveSync"));
        let raw = match row {
            Some(row) => gate.admitted(row)?.0,
            None => gate.connect(host)?,
        };
        let basic = basic(&gate.anna.upn, &gate.anna.app_password);
        let ticket = format!("X-MS-WebTicket: {}", gate.compact);
        Ok(Self {
            raw,
            gate,
            host,
            lines: vec![ticket, basic],
        })
    }

    /// The status of a path, without a header line and, where there are some, with all.
    fn asks(&mut self, method: &str, path: &str) -> anyhow::Result<Vec<u16>> {
        let mut statuses = Vec::new();
        for count in BTreeSet::from([0, self.lines.len()]) {
            let name = self.gate.name(self.host);
            let request = Request {
                method,
                ..Request::new(&name, path)
            };
            let lines = self.lines.iter().take(count);
            let request = lines.fold(request, |request, line| request.header(line));
            self.raw.send(request.text())?;
            let answer = self.raw.answer_to(method)?.expect("an answer");
            statuses.push(answer.status);
            if answer.header("connection") == Some("close") {
                self.raw = self.gate.connect(self.host)?;
            }
        }
        Ok(statuses)
    }
}

/// Asks for each path on every host, as nobody and as Anna; what is not answered as it should be.
fn otherwise(gate: &Gate, paths: &[&str], expected: u16) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for host in HOSTS {
        let callers = [Caller::nobody(gate, host)?, Caller::anna(gate, host)?];
        gate.forget()?;
        for (who, mut caller) in ["nobody", "anna"].into_iter().zip(callers) {
            for path in paths {
                for method in METHODS {
                    let statuses = caller.asks(method, path)?;
                    if statuses.iter().any(|status| *status != expected) {
                        wrong.push(format!("{who}: {method} {host} {path}: {statuses:?}"));
                    }
                }
            }
        }
        for arrived in gate.demo.requests()? {
            wrong.push(format!("{host}: it arrived: {arrived}"));
        }
    }
    Ok(wrong)
}

#[test]
fn s52_s53_a_hundred_paths_that_no_row_lists_are_404_with_and_without_credentials()
-> anyhow::Result<()> {
    let gate = Gate::open()?;
    assert_eq!(otherwise(&gate, &UNLISTED, 404)?, [""; 0]);
    Ok(())
}

#[test]
fn s52_s53_t_http_9_a_path_in_a_strange_spelling_is_400_with_and_without_credentials()
-> anyhow::Result<()> {
    let gate = Gate::open()?;
    assert_eq!(otherwise(&gate, &IN_DOUBT, 400)?, [""; 0]);
    Ok(())
}

#[test]
fn s52_s53_what_one_host_lists_is_404_on_every_other() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    for host in HOSTS {
        let here = |path: &str| {
            let listed = ROWS.iter().filter(|row| row.host == host);
            listed
                .into_iter()
                .any(|row| row.at.eq_ignore_ascii_case(path))
        };
        let elsewhere: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.host != host && row.at != "/" && !here(row.at))
            .map(|row| row.at)
            .collect();
        assert!(elsewhere.len() > 8, "{host}: {elsewhere:?}");
        let mut anna = Caller::anna(&gate, host)?;
        let mut nobody = Caller::nobody(&gate, host)?;
        gate.forget()?;
        for path in elsewhere {
            for method in METHODS {
                assert_eq!(anna.asks(method, path)?, [404, 404], "{host}{path}");
                assert_eq!(nobody.asks(method, path)?, [404], "{host}{path}");
            }
        }
        assert!(gate.demo.requests()?.is_empty(), "{host}");
    }
    Ok(())
}
