//! The decisions behind [`Conversation`]: what a request must prove, and what then goes on.

use super::passive::is_of_session;
use super::*;

impl Conversation {
    /// A request came that does not go on with the handshake: the handshake is void (T-CONN-9).
    pub(super) fn interrupted(&mut self) {
        if matches!(self.stage, Stage::Waiting(_)) {
            self.stage = Stage::Nobody;
        }
    }

    /// A route that asks for a proof.
    pub(super) fn protected(&mut self, asked: Asked, moment: Moment) -> Verdict {
        if let Some(rule) = asked.route.ticket {
            return self.by_ticket(asked, rule);
        }
        if asked.route.kind == Kind::LyncAuth {
            return self.by_body(asked);
        }
        let mut offered = asked.head.headers.get_all(header::AUTHORIZATION).iter();
        let (first, second) = (offered.next(), offered.next());
        if second.is_some() {
            self.stage = Stage::Nobody;
            let sentence = "A request has one Authorization.\n";
            let reply = asked.replies.plain(StatusCode::BAD_REQUEST, sentence);
            return Verdict::Refuse {
                reply,
                close: true,
                events: Vec::new(),
            };
        }
        let credentials = first.map(|value| Credentials::parse(value.as_bytes()));
        match credentials {
            None => self.by_connection(asked, moment.now),
            Some(Ok(Credentials::Ntlm(token))) => {
                self.by_handshake(asked, (Scheme::Ntlm, &token), moment)
            }
            Some(Ok(Credentials::Negotiate(token))) => {
                self.by_handshake(asked, (Scheme::Negotiate, &token), moment)
            }
            Some(Ok(Credentials::Basic { username, password })) => {
                // Another identity on this connection ends the one before.
                self.stage = Stage::Nobody;
                if !asked.offered.contains(&Scheme::Basic) {
                    return self.unauthorized(&asked);
                }
                self.verify(
                    asked,
                    Proof::Password { username, password },
                    Channel::Basic,
                )
            }
            Some(Ok(Credentials::Bearer | Credentials::Other) | Err(_)) => {
                self.interrupted();
                self.unauthorized(&asked)
            }
        }
    }

    /// Without credentials of its own a request is its connection's, where that belongs to somebody
    /// by a scheme of this route and for this service; or its body says whose it is.
    fn by_connection(&mut self, asked: Asked, now: Timestamp) -> Verdict {
        self.interrupted();
        match self.owner(&asked, now) {
            Some(who) => self.pass_as(asked, who),
            None if asked.route.kind == Kind::LyncOauthtoken => self.by_body(asked),
            None => self.unauthorized(&asked),
        }
    }

    /// Whoever the connection belongs to, as far as a route goes by that.
    fn owner(&mut self, asked: &Asked, now: Timestamp) -> Option<Arc<Authenticated>> {
        if self.identity().is_some_and(|who| !who.stands(now)) {
            self.stage = Stage::Nobody;
        }
        match &self.stage {
            Stage::Somebody {
                who,
                scheme,
                service,
                route,
            } if asked.offered.contains(scheme)
                && *service == asked.route.service
                && *route == self.route_name(asked) =>
            {
                Some(Arc::clone(who))
            }
            Stage::Somebody { .. } | Stage::Nobody | Stage::Waiting(_) => None,
        }
    }

    /// What the policy calls the path that is asked for, where it speaks of paths.
    pub(super) fn route_name(&self, asked: &Asked) -> Option<RouteName> {
        asked.route.name_in(&self.publication.policy, &asked.name)
    }

    /// Verifies a proof; a request for a ticket is read first, as it names whom the ticket is for.
    pub(super) fn verify(&mut self, mut asked: Asked, proof: Proof, channel: Channel) -> Verdict {
        if asked.route.asks_for_ticket() {
            asked.channel = Some(channel);
            return self.read(asked, Asker::Proves(Box::new(proof), channel));
        }
        self.prove(asked, (proof, channel), (None, Bound::Streams))
    }

    pub(super) fn attempt(
        &self,
        asked: &Asked,
        (proof, channel): (Proof, Channel),
        sip_uri: Option<String>,
    ) -> Attempt {
        Attempt {
            proof,
            channel,
            service: asked.route.service.clone(),
            route: self.route_name(asked),
            party: None,
            pool: asked.route.farm.clone(),
            zone: self.peer.zone.clone(),
            source: self.peer.address,
            tls: self.peer.tls,
            sip_uri,
            device: asked.device(),
            activity: asked.activity.clone(),
            connection: self.connection.unwrap_or_default(),
        }
    }

    fn pass_as(&mut self, asked: Asked, who: Arc<Authenticated>) -> Verdict {
        if asked.route.asks_for_ticket() {
            return self.read(asked, Asker::Known(who));
        }
        self.forward(asked, Pass::As(who), Bound::Streams)
    }

    /// Lets a request through: the only place that makes a [`Forward`].
    pub(super) fn forward(&mut self, mut asked: Asked, pass: Pass, bound: Bound) -> Verdict {
        let route = Arc::clone(&asked.route);
        let answer = match route.kind {
            Kind::Plain | Kind::ActiveSync => AnswerBody::Stream,
            // A page goes on as any does, and what may begin a session is held until that is written down.
            Kind::LyncPassive if matches!(pass, Pass::Anonymous) => AnswerBody::Stream,
            Kind::LyncPassive
            | Kind::LyncDiscover
            | Kind::LyncMex
            | Kind::LyncUserLink
            | Kind::AutodiscoverPox
            | Kind::AutodiscoverSoap => AnswerBody::Read {
                at_most: read::MAX_DOCUMENT,
            },
            Kind::LyncWebTicket
            | Kind::LyncAuth
            | Kind::LyncAnon
            | Kind::LyncCert
            | Kind::LyncCertProv
            | Kind::LyncOauthtoken => AnswerBody::Read {
                at_most: read::MAX_TICKET_ANSWER,
            },
        };
        let head = self.onward_head(&asked, answer != AnswerBody::Stream);
        let head = match &bound {
            Bound::Streams => head,
            Bound::Read(_) | Bound::Replaced(_) => head.and_then(|head| of_read(head, &route)),
        };
        let Some(head) = head else {
            let sentence = "The request cannot be passed on.\n";
            let reply = asked.replies.plain(StatusCode::BAD_REQUEST, sentence);
            return Verdict::Refuse {
                reply,
                close: true,
                events: Vec::new(),
            };
        };
        let (onward, somebody) = match &pass {
            Pass::Anonymous => (Onward::None, None),
            Pass::As(who) => (route.onward.clone(), Some(Arc::clone(who))),
        };
        asked.somebody = somebody;
        let activity = asked.activity.clone();
        let is_websocket = asked.wants_websocket();
        self.asked = Some(asked);
        Verdict::Forward(Box::new(Forward {
            pass,
            onward,
            farm: route.farm.clone(),
            route: route.name.clone(),
            head,
            body: match bound {
                Bound::Streams => RequestBody::AsSent,
                Bound::Read(body) => RequestBody::Keep(body),
                Bound::Replaced(body) => RequestBody::Replace(body),
            },
            answer,
            patience: match route.kind {
                Kind::ActiveSync => Patience::Heartbeat,
                _ => Patience::Ordinary,
            },
            is_websocket,
            affinity: route.affinity,
            activity,
        }))
    }

    fn onward_head(&self, asked: &Asked, is_read: bool) -> Option<http::request::Parts> {
        let route = &asked.route;
        let published = HeaderValue::from_str(&asked.published).ok()?;
        let added = headers::Added {
            client: self.peer.address,
            published: &published,
            activity: asked.replies.activity.clone(),
            set: &route.set_headers,
            pass: &route.pass_headers,
            identity: &self.publication.identity_headers,
            tickets: asked.ticket_headers(),
            session: self.session_cookies(asked),
            is_read,
            is_websocket: asked.wants_websocket(),
        };
        let path = match &route.onward_path {
            Some(path) => path.clone(),
            None => asked.head.uri.path_and_query()?.clone(),
        };
        let mut head = http::Request::builder()
            .method(asked.head.method.clone())
            .uri(http::Uri::from(path))
            .version(Version::HTTP_11)
            .body(())
            .ok()?
            .into_parts()
            .0;
        head.headers = headers::onward(&asked.head.headers, &added);
        Some(head)
    }

    /// 401 with what is offered here; where that is nothing but a form's own word, its refusal.
    pub(super) fn unauthorized(&self, asked: &Asked) -> Verdict {
        let challenges = [Scheme::Negotiate, Scheme::Ntlm, Scheme::Basic];
        let is_offered = |scheme: &Scheme| challenges.contains(scheme);
        if asked.route.kind == Kind::LyncOauthtoken && !asked.offered.iter().any(is_offered) {
            let error = OauthError::UnsupportedGrantType;
            return refused(asked.replies.oauth(error, &asked.name));
        }
        let realm = &self.publication.basic_realm;
        Verdict::Challenge(asked.replies.offers(&asked.offered, realm))
    }

    /// The answer to a proof that was not right, the same for every reason.
    pub(super) fn denied(&self, asked: &Asked) -> Verdict {
        match asked.route.kind {
            Kind::LyncAuth => refused(
                asked
                    .replies
                    .fault(StatusCode::INTERNAL_SERVER_ERROR, asked.soap),
            ),
            Kind::LyncPassive => refused(asked.unknown_token()),
            Kind::LyncOauthtoken if asked.channel == Some(Channel::Grant) => {
                refused(asked.replies.oauth(OauthError::InvalidGrant, &asked.name))
            }
            Kind::LyncWebTicket => {
                let mut verdict = self.unauthorized(asked);
                if let Verdict::Challenge(reply) = &mut verdict {
                    reply::add_diagnostics(reply, &asked.name);
                }
                verdict
            }
            _ => self.unauthorized(asked),
        }
    }

    /// Somebody who is signed in asks for a ticket in another's name.
    pub(super) fn not_the_owner(
        &self,
        asked: &Asked,
        who: &Authenticated,
        (uri, now): (String, Timestamp),
    ) -> Verdict {
        let kind = EventKind::Refused {
            reason: Reason::SipUriOfAnother,
            name: authn::audit::shown_name(&uri, ""),
        };
        let event = self.event(asked, who, (kind, now));
        let reply = asked
            .replies
            .fault(StatusCode::INTERNAL_SERVER_ERROR, asked.soap);
        Verdict::Refuse {
            reply,
            close: false,
            events: vec![event],
        }
    }

    /// What is made of an answer that was read; `None` passes it on as it came.
    pub(super) fn edited(
        &self,
        asked: &Asked,
        head: &mut http::response::Parts,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Answered, read::ReadError> {
        if asked.route.kind == Kind::LyncPassive {
            return self.session_begun(asked, head, body, now);
        }
        if head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(read::ReadError::Malformed);
        }
        let host = self
            .publication
            .hosts
            .get(&asked.name)
            .ok_or(read::ReadError::Malformed)?;
        if asked.route.kind.is_document() && self.peer.zone == Zone::EXTERNAL {
            links::without_others(&mut head.headers, &self.publication, false);
            links::leads_to_what_is_published(&head.headers, &self.publication)?;
        }
        if head.status != StatusCode::OK {
            let names = Names::of(&asked.route, host, &self.publication);
            return read::not_ok(head, body, names);
        }
        if asked.head.method == Method::HEAD {
            return Ok(as_it_came(&Bytes::new(), Vec::new()));
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let is_external = self.peer.zone == Zone::EXTERNAL;
        let publication = &*self.publication;
        let names = Names::of(&asked.route, host, publication);
        let text = match asked.route.kind {
            Kind::LyncDiscover | Kind::LyncUserLink => {
                read::discover(body, content_type, (publication, names), is_external)?
            }
            Kind::LyncMex => {
                read::metadata(body, (publication, host, names), self.offers(&asked.name))?
            }
            Kind::AutodiscoverPox if is_external => {
                read::autodiscover::pox(body, (publication, names))?
            }
            Kind::AutodiscoverSoap if is_external => {
                read::autodiscover::soap(body, (publication, names))?
            }
            Kind::LyncWebTicket
            | Kind::LyncAuth
            | Kind::LyncAnon
            | Kind::LyncCert
            | Kind::LyncOauthtoken => {
                is_of_session(asked, body)?;
                let found = read::tickets(body, asked.route.kind, now)?;
                return Ok(as_it_came(body, self.relayed(asked, found, now)));
            }
            Kind::LyncCertProv => {
                let (found, unread) = match read::certificate(body, now) {
                    Ok(found) => (found, None),
                    Err(error) => (None, Some(error)),
                };
                let found = found.into_iter().collect();
                return Ok(Answered {
                    unread,
                    ..as_it_came(body, self.relayed(asked, found, now))
                });
            }
            Kind::Plain
            | Kind::LyncPassive
            | Kind::ActiveSync
            | Kind::AutodiscoverPox
            | Kind::AutodiscoverSoap => {
                return Ok(as_it_came(body, Vec::new()));
            }
        };
        Ok(Answered {
            body: Bytes::from(text),
            tickets: Vec::new(),
            unread: None,
        })
    }

    /// An event about somebody whose request this is.
    pub(super) fn event(
        &self,
        asked: &Asked,
        who: &Authenticated,
        (kind, now): (EventKind, Timestamp),
    ) -> Event {
        Event {
            at: now,
            kind,
            actor: None,
            account: Some(who.account_id().clone()),
            source: Some(self.peer.address),
            zone: Some(self.peer.zone.clone()),
            service: Some(asked.route.service.clone()),
            channel: Some(who.channel()),
            activity: Some(asked.activity.clone()),
        }
    }
}

/// A body to which nothing is done, with the tickets that were found in it.
pub(super) fn as_it_came(body: &Bytes, tickets: Vec<Relaying>) -> Answered {
    Answered {
        body: body.clone(),
        tickets,
        unread: None,
    }
}

/// An answer of our own after which the connection stays.
pub(super) fn refused(reply: Reply) -> Verdict {
    Verdict::Refuse {
        reply,
        close: false,
        events: Vec::new(),
    }
}

/// The head of a request for a ticket whose body was read: it says nothing but what was read.
///
/// SECURITY: a server that takes fields from the query as from the form would find another grant in
/// it, and one that believes a client's type or coding would read another form.
fn of_read(mut head: http::request::Parts, route: &Route) -> Option<http::request::Parts> {
    if route.asks_for_ticket() {
        head.uri = http::Uri::try_from(head.uri.path()).ok()?;
    }
    if route.kind == Kind::LyncOauthtoken {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        head.headers.insert(header::CONTENT_TYPE, form);
        head.headers.remove(header::CONTENT_ENCODING);
    }
    Some(head)
}

impl Asked {
    /// A document that anybody may have is asked for without a body: one that comes all the same would
    /// hold a connection to the back end for nobody.
    pub(super) fn no_body_wanted(&self) -> Verdict {
        let sentence = "This is asked for without a body.\n";
        Verdict::Refuse {
            reply: self.replies.plain(StatusCode::BAD_REQUEST, sentence),
            close: true,
            events: Vec::new(),
        }
    }
}

/// The door asked for something that was not due; nothing passes.
pub(super) fn out_of_order(moment: &Moment) -> Verdict {
    let replies = Replies {
        activity: header_of(&activity(moment).0),
    };
    let sentence = "The request cannot be passed on.\n";
    let reply = replies.plain(StatusCode::INTERNAL_SERVER_ERROR, sentence);
    Verdict::Refuse {
        reply,
        close: true,
        events: Vec::new(),
    }
}

/// The id of a request, from its random bytes.
pub(super) fn activity(moment: &Moment) -> ActivityId {
    let random: [u8; 16] = moment.random.first_chunk().copied().unwrap_or_default();
    ActivityId::from(random)
}

/// The id of a connection, from the random bytes of its first request: those between its id and the challenge.
pub(super) fn connection(moment: &Moment) -> ConnectionId {
    let [.., a, b, c, d, e, f, g, h, _, _, _, _, _, _, _, _] = moment.random;
    ConnectionId([a, b, c, d, e, f, g, h])
}

/// An id as a header value.
pub(super) fn header_of(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
}
