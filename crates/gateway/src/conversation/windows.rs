//! Windows' ways to prove who a connection is: NTLM, in its steps, and Kerberos, in one.

use super::*;

impl Conversation {
    /// NTLM and Negotiate. A first message discards whoever was here (T-CONN-5); a scheme that is
    /// not offered is not even looked at (T-PHISH-3).
    pub(super) fn by_handshake(
        &mut self,
        asked: Asked,
        (scheme, token): (Scheme, &[u8]),
        moment: Moment,
    ) -> Verdict {
        let before = std::mem::replace(&mut self.stage, Stage::Nobody);
        let is_offered = asked.offered.contains(&scheme);
        // INVARIANT: the identity of NTLM and Kerberos is a connection's, and only HTTP/1.1 keeps one (I5).
        if !is_offered || asked.head.version != Version::HTTP_11 {
            return self.unauthorized(&asked);
        }
        let [.., a, b, c, d, e, f, g, h] = moment.random;
        let fresh = Fresh {
            target: &self.publication.ntlm_target,
            server_challenge: [a, b, c, d, e, f, g, h],
            now: moment.now,
            takes_kerberos: self.takes_kerberos(&asked.route),
        };
        let channel = scheme.channel();
        let step = match before {
            _ if handshake::begins(token) => handshake::begun(scheme, token, &fresh),
            Stage::Waiting(waiting) => {
                let hosts = [asked.name.clone()];
                let end_points = self.peer.end_points.iter();
                let bindings: Vec<ChannelBinding> = end_points.map(Into::into).collect();
                let expected = Expected {
                    channel_bindings: &bindings,
                    channel_binding: self.peer.channel_binding,
                    mic: self.peer.mic,
                    target_hosts: &hosts,
                };
                waiting.goes_on(scheme, token, &fresh, &expected)
            }
            Stage::Nobody | Stage::Somebody { .. } => {
                Step::Refused("no challenge was given to answer".to_owned())
            }
        };
        self.stepped(asked, (scheme, channel), step)
    }

    /// What a client's message led to.
    fn stepped(
        &mut self,
        asked: Asked,
        (scheme, channel): (Scheme, Channel),
        step: Step,
    ) -> Verdict {
        match step {
            Step::Answer(answer, waiting) => {
                self.stage = Stage::Waiting(Box::new(waiting));
                Verdict::Challenge(asked.replies.handshake(scheme, &answer))
            }
            Step::Unprovable {
                user,
                domain,
                error,
            } => {
                let proof = Proof::Unprovable {
                    user,
                    domain,
                    error,
                };
                self.verify(asked, proof, channel)
            }
            Step::Whole(response, negotiation) => self.verify(
                asked,
                Proof::Ntlm {
                    response,
                    negotiation,
                },
                channel,
            ),
            Step::Kerberos(token, negotiation) => {
                let offered = KerberosToken {
                    token: Secret::new(token),
                    negotiation: *negotiation,
                    end_points: self.peer.end_points.clone(),
                    channel_binding: self.peer.channel_binding,
                };
                self.verify(asked, Proof::Kerberos(Box::new(offered)), channel)
            }
            Step::Refused(cause) => match self.denied(&asked) {
                Verdict::Challenge(reply) => Verdict::Challenge(reply.because(&cause)),
                other => other,
            },
        }
    }

    /// Whether Kerberos is for this client here. Elsewhere its token is not even looked at.
    fn takes_kerberos(&self, route: &Route) -> bool {
        self.peer.zone == Zone::INTERNAL && self.publication.kerberos.contains(&route.service)
    }
}
