//! Tickets: how they are asked for, by head or by body, and how they are presented.

use super::decide::refused;
use super::*;

/// The largest body that is read before anything goes on.
const MAX_READ: usize = 64 * 1024;

impl Conversation {
    /// A request whose body says who asks.
    pub(super) fn by_body(&mut self, asked: Asked) -> Verdict {
        self.interrupted();
        self.read(asked, Asker::Unknown)
    }

    pub(super) fn read(&mut self, mut asked: Asked, by: Asker) -> Verdict {
        asked.next = Next::Read(by);
        self.asked = Some(asked);
        Verdict::ReadBody { at_most: MAX_READ }
    }

    /// A request for a ticket whose body was read.
    pub(super) fn asking(
        &mut self,
        asked: Asked,
        by: Asker,
        (body, moment): (Bytes, Moment),
    ) -> Verdict {
        let asking = match asking(&asked, &by, &body) {
            Ok(asking) => asking,
            Err(unreadable) => return refused(unread(&asked, unreadable)),
        };
        let bound = match asked.route.kind {
            Kind::LyncWebTicket | Kind::LyncAnon => Bound::Read(asking.onward),
            _ => Bound::Replaced(asking.onward),
        };
        match (by, asking.by) {
            (Asker::Proves(proof, channel), By::Connection) => {
                self.prove(asked, (*proof, channel), (asking.sip_uri, bound))
            }
            (Asker::Known(who), By::Connection) => {
                match asking.sip_uri.filter(|uri| !who.owns_sip_uri(uri)) {
                    Some(uri) => self.not_the_owner(&asked, &who, (uri, moment.now)),
                    None => self.forward(asked, Pass::As(who), bound),
                }
            }
            (Asker::Unknown, By::Connection) => self.unauthorized(&asked),
            (_, By::Password(proof)) => {
                let scheme = match asked.route.kind {
                    Kind::LyncOauthtoken => Scheme::Grant,
                    _ => Scheme::UsernameToken,
                };
                if !asked.offered.contains(&scheme) {
                    let error = OauthError::UnsupportedGrantType;
                    return refused(asked.replies.oauth(error, &asked.name));
                }
                self.prove(asked, (proof, scheme.channel()), (asking.sip_uri, bound))
            }
            (_, By::Guest) if asked.route.takes_guests => {
                self.forward(asked, Pass::Anonymous, bound)
            }
            (_, By::Passive) if asked.offered.contains(&Scheme::Passive) => {
                self.by_session(asked, bound)
            }
            (_, By::Guest | By::Passive) => {
                let error = OauthError::UnsupportedGrantType;
                refused(asked.replies.oauth(error, &asked.name))
            }
        }
    }

    /// Asks whether a proof is right; what then goes on is known.
    pub(super) fn prove(
        &mut self,
        mut asked: Asked,
        (proof, channel): (Proof, Channel),
        (sip_uri, bound): (Option<String>, Bound),
    ) -> Verdict {
        asked.channel = Some(channel);
        let attempt = self.attempt(&asked, (proof, channel), sip_uri);
        asked.next = Next::Pass(bound);
        self.asked = Some(asked);
        Verdict::Verify(Box::new(attempt))
    }

    /// A web ticket. No credentials are looked at here, and whoever the connection belongs to stays.
    pub(super) fn by_ticket(&mut self, mut asked: Asked, rule: TicketRule) -> Verdict {
        self.interrupted();
        match rule.place {
            TicketPlace::Header => match presented(&asked.head.headers) {
                Presented::One(carried, ticket) => {
                    asked.presented = carried;
                    self.present(asked, &ticket, Bound::Streams)
                }
                Presented::InDoubt => self.ticket_wanted(&asked),
                Presented::None => self.without_ticket(asked, Bound::Streams),
            },
            TicketPlace::SecurityHeader | TicketPlace::Certificate => {
                asked.next = Next::FindTicket;
                self.asked = Some(asked);
                Verdict::ReadBody { at_most: MAX_READ }
            }
        }
    }

    /// Metadata that is asked for by a message (WS-Transfer Get), which is read so that it holds nobody's line.
    pub(super) fn metadata_by_message(&mut self, mut asked: Asked) -> Verdict {
        asked.next = Next::AskForMetadata;
        self.asked = Some(asked);
        Verdict::ReadBody { at_most: MAX_READ }
    }

    /// The message was read: it goes on where it is one, and nobody signs in by it.
    pub(super) fn metadata_asked(&mut self, asked: Asked, body: Bytes) -> Verdict {
        let is_soap = headers::is_soap(&asked.head.headers);
        if body.is_empty() || (is_soap && is_unsigned(&body)) {
            return self.forward(asked, Pass::Anonymous, Bound::Read(body));
        }
        let sentence = "Metadata is asked for by a SOAP message without credentials.\n";
        refused(asked.replies.plain(StatusCode::BAD_REQUEST, sentence))
    }

    /// A SOAP message that was read for the ticket in it.
    pub(super) fn ticket_inside(&mut self, asked: Asked, body: Bytes) -> Verdict {
        let is_soap = headers::is_soap(&asked.head.headers);
        let place = asked.route.ticket.map(|rule| rule.place);
        if place == Some(TicketPlace::Certificate) {
            return match signed(&body).filter(|_| is_soap) {
                Some(signed) => self.present_certificate(asked, &signed, body),
                None => refused(asked.replies.ticket_fault(asked.soap)),
            };
        }
        match ticket_in(&body).filter(|_| is_soap) {
            Some(Some(ticket)) => self.present(asked, &ticket, Bound::Read(body)),
            Some(None) => self.without_ticket(asked, Bound::Read(body)),
            None => refused(asked.replies.ticket_fault(asked.soap)),
        }
    }

    fn present(&mut self, asked: Asked, ticket: &webticket::Ticket, bound: Bound) -> Verdict {
        let proof = Proof::Ticket(TicketKey::of(&ticket.key()));
        self.prove(asked, (proof, Channel::Ticket), (None, bound))
    }

    /// A certificate stands for the ticket that it was issued for, in the name that the request asks for.
    ///
    /// SECURITY: who holds its key is not known here; the pool judges that by the signature.
    fn present_certificate(
        &mut self,
        mut asked: Asked,
        signed: &webticket::SignedRequest,
        body: Bytes,
    ) -> Verdict {
        let certificate = TicketKey::of(&signed.certificate.key());
        asked.certificate = Some(certificate.clone());
        let proof = Proof::Certificate(certificate);
        let sip_uri = signed.request.sip_uri().map(str::to_owned);
        self.prove(
            asked,
            (proof, Channel::Ticket),
            (sip_uri, Bound::Read(body)),
        )
    }

    /// What becomes of a request without a ticket that is known.
    pub(super) fn without_ticket(&mut self, asked: Asked, bound: Bound) -> Verdict {
        let rule = asked.route.ticket;
        if rule.is_some_and(|rule| rule.tracking == Tracking::Observe) {
            return self.forward(asked, Pass::Anonymous, bound);
        }
        self.ticket_wanted(&asked)
    }

    /// The route's own answer to a request that has no ticket which is good there.
    pub(super) fn ticket_wanted(&self, asked: &Asked) -> Verdict {
        let rule = asked.route.ticket;
        let host = self.publication.hosts.get(&asked.name);
        if asked.session.is_some() {
            return self.session_wanted(asked);
        }
        match rule.map(|rule| rule.wanted) {
            Some(TicketWanted::Fault) => refused(asked.replies.ticket_fault(asked.soap)),
            wanted => {
                let grants = host.map(|host| self.offers(&asked.name).grants(host));
                let grants = grants.filter(|_| wanted == Some(TicketWanted::MsRtcOauth));
                let href = host.and_then(|host| host.oauthtoken_url.as_deref());
                let url = host.and_then(|host| host.web_ticket_url.as_deref());
                Verdict::Challenge(match (grants, href) {
                    (Some(grants), Some(href)) if !grants.is_empty() => {
                        asked.replies.oauth_wanted(href, &grants)
                    }
                    // Where no grant is offered, a ticket got by SOAP is as good.
                    _ => asked.replies.ticket_wanted(url),
                })
            }
        }
    }

    /// The tickets of an answer, as they are written down for whoever asked.
    pub(super) fn relayed(
        &self,
        asked: &Asked,
        found: Vec<(TicketKey, Timestamp)>,
        now: Timestamp,
    ) -> Vec<Relaying> {
        // A guest's ticket is nobody's: it is not kept, and so opens nothing that asks for one.
        let Some(who) = &asked.somebody else {
            return Vec::new();
        };
        let tickets = found.into_iter().map(|(key, expires)| RelayedTicket {
            key,
            account: who.account_id().clone(),
            credential: who.credential().clone(),
            token: who.token().cloned(),
            channel: who.bought(),
            methods: who.methods().iter().copied().collect(),
            second_factor: who.second_factor(),
            pool: asked.route.farm.clone(),
            relayed: now,
            expires: who.bounds(expires),
        });
        let relaying = tickets.map(|ticket| Relaying {
            session: who.session().cloned(),
            ..Relaying::of(ticket)
        });
        let mut relaying: Vec<Relaying> = relaying.collect();
        if let Some(first) = relaying.first_mut() {
            self.audit(asked, who, (first, now));
        }
        relaying
    }

    /// What is written down of a certificate with the answer that notes it, or that sells a ticket for it:
    /// whoever signs in otherwise is in the audit already.
    fn audit(&self, asked: &Asked, who: &Authenticated, (first, now): (&mut Relaying, Timestamp)) {
        let credential = who.credential().clone();
        let kind = match (asked.route.kind, &asked.certificate) {
            (Kind::LyncCertProv, _) => EventKind::CertificateNoted {
                credential,
                certificate: first.ticket.key.shown(),
            },
            (Kind::LyncPassive, _) => EventKind::SignedIn {
                credential,
                clock_skew: None,
                certificate: None,
            },
            (_, Some(certificate)) => {
                first.used = Some((now, self.peer.address));
                EventKind::SignedIn {
                    credential,
                    clock_skew: None,
                    certificate: Some(certificate.shown()),
                }
            }
            (_, None) => return,
        };
        first.events.push(self.event(asked, who, (kind, now)));
    }
}

/// Reads a request for a ticket as its route has it.
fn asking(asked: &Asked, by: &Asker, body: &Bytes) -> Result<Asking, Unreadable> {
    match asked.route.kind {
        Kind::LyncOauthtoken => Asking::of_form(body, !matches!(by, Asker::Unknown)),
        _ if !headers::is_soap(&asked.head.headers) => Err(Unreadable::Malformed),
        Kind::LyncAuth => Asking::of_username_token(body),
        Kind::LyncAnon => Asking::of_soap(body, By::Guest),
        _ => Asking::of_soap(body, By::Connection),
    }
}

/// What whoever sent such a body is told (RFC 6749 5.2, for the grants).
fn unread(asked: &Asked, unreadable: Unreadable) -> Reply {
    let error = match unreadable {
        Unreadable::Malformed => OauthError::InvalidRequest,
        Unreadable::UnknownGrant => OauthError::UnsupportedGrantType,
    };
    match asked.route.kind {
        Kind::LyncOauthtoken => asked.replies.oauth(error, &asked.name),
        _ => asked.replies.fault(StatusCode::BAD_REQUEST, asked.soap),
    }
}

/// Whether a message has nothing of WS-Security, in whatever namespace.
fn is_unsigned(body: &[u8]) -> bool {
    let Ok(document) = soap::document(body) else {
        return false;
    };
    let Ok(envelope) = soap::Envelope::parse(&document) else {
        return false;
    };
    let mut headers = envelope
        .header()
        .into_iter()
        .flat_map(|header| header.children());
    headers.all(|header| header.name() != "Security")
}

/// The ticket in a message, where it has one; `None` where the message is in doubt.
fn ticket_in(body: &[u8]) -> Option<Option<webticket::Ticket>> {
    let document = soap::document(body).ok()?;
    let envelope = soap::Envelope::parse(&document).ok()?;
    webticket::Ticket::from_security_header(&envelope).ok()
}

/// A request for a ticket with the certificate that signed it, unless it is in doubt.
fn signed(body: &[u8]) -> Option<webticket::SignedRequest> {
    let document = soap::document(body).ok()?;
    let envelope = soap::Envelope::parse(&document).ok()?;
    webticket::SignedRequest::parse(&envelope).ok()
}

/// What a request's headers present.
enum Presented {
    /// No ticket of ours; a token of another kind may be there.
    None,
    /// One ticket, and the header that carries it.
    One(TicketHeaders, webticket::Ticket),
    /// Several, or one that others may read where we cannot.
    InDoubt,
}

/// `X-MS-WebTicket` is looked at before a bearer's token; what is not looked at does not go on.
///
/// SECURITY: where tickets are only observed, what is unknown goes on; so that a ticket that was revoked must not
/// hide beside another or behind a spelling of its own.
fn presented(headers: &HeaderMap) -> Presented {
    let mut tickets = headers.get_all(headers::WEB_TICKET).iter();
    if let Some(value) = tickets.next() {
        let only = Some(value).filter(|_| tickets.next().is_none());
        let text = only.and_then(|value| value.to_str().ok());
        let ticket = text.and_then(|text| webticket::Ticket::from_header(text).ok());
        return match ticket {
            Some(ticket) => Presented::One(TicketHeaders::WebTicket, ticket),
            None => Presented::InDoubt,
        };
    }
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = all.find(|value| headers::is_bearer(value)) else {
        return Presented::None;
    };
    let count = headers.get_all(header::AUTHORIZATION).iter().count();
    let only = Some(value).filter(|_| count == 1);
    let Some(text) = only.and_then(|value| value.to_str().ok()) else {
        return Presented::InDoubt;
    };
    match webticket::Ticket::from_authorization(text) {
        Ok(Some(ticket)) => Presented::One(TicketHeaders::Bearer, ticket),
        Ok(None) | Err(_) if is_of_another_kind(text) => Presented::None,
        Ok(None) | Err(_) => Presented::InDoubt,
    }
}

/// Whether a bearer's token can be no ticket, however it is spelled: a JWT, of three parts or, encrypted, of five
/// (RFC 7515 3.1, RFC 7516 3.1). A ticket is base64, which has no dot.
fn is_of_another_kind(text: &str) -> bool {
    let token = text.split_once(' ').map_or("", |(_, token)| token.trim());
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let parts: Vec<&str> = token.split('.').collect();
    let are_parts = parts.iter().all(|part| part.bytes().all(is_part));
    let begins = parts.first().is_some_and(|head| !head.is_empty());
    are_parts && begins && matches!(parts.len(), 3 | 5)
}
