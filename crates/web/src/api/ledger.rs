//! Whether a token is one that we issued to a party: by its id, or by itself.
//!
//! SECURITY: a token that is asked about is looked at and forgotten; it stands in no answer, event or log line.

use sts::admin::ledger::judge;
use sts::ledger::{Presented, TokenId};

use super::fields::Fault;
use super::problem::Problem;
use super::{Api, Call, Told, shapes};

impl Api {
    /// A token of the ledger.
    pub(super) async fn issued_token(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let id = TokenId(call.named(0).to_owned());
        let entry = self.issued.ledger.token(&id).await?;
        let entry = entry.ok_or_else(|| Problem::NotThere("we issued no such token".to_owned()))?;
        Ok(Told::Value(shapes::issued_token(&entry)))
    }

    /// What is to be said of a token.
    pub(super) async fn judge_token(&self, call: &Call<'_>) -> Result<Told, Problem> {
        let text = call.body.text("token").unwrap_or_default();
        let ring = self.issued.keys.kept_keys().await?.ring();
        // The reason may quote what was sent, and is not told on.
        let expected = "exactly one SAML assertion with an id, as XML and not encrypted";
        let presented = Presented::read(text, ring.as_ref());
        let presented = presented.map_err(|_| Fault::at("/token", expected))?;
        let ports = (&*self.issued.ledger, &*self.ports.attempt.audit);
        let judged = judge(ports, &presented, &call.by).await?;
        Ok(Told::Value(shapes::judged_token(&presented, &judged)))
    }
}
