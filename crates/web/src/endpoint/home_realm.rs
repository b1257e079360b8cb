//! The page that asks by which claims provider somebody comes: links alone, and a form that finds one by an e-mail address.
//!
//! What is chosen goes with the request as `whr`, so that nothing is kept before somebody is on their way.

use bytes::Bytes;
use http::{Response, StatusCode};
use proto::form::Form;
use proto::wsfed::SignInRequest;
use sts::flow::wsfed::Choice;

use crate::asked::Asked;
use crate::page::{self, Frame, HomeRealm, Notice, Offer};

impl Asked {
    /// Asks by which claims provider somebody comes.
    pub(super) fn home_realm(&self, choice: Choice, request: &SignInRequest) -> Response<Bytes> {
        let notice = choice.is_unknown_name.then_some(Notice {
            text: self.words.unknown_provider,
            is_wrong: true,
        });
        let offers = choice.offers.into_iter().map(|offer| Offer {
            name: offer.name,
            path: offer.path,
        });
        let page = HomeRealm {
            frame: Frame {
                notice,
                ..self.frame()
            },
            offers: offers.collect(),
            by_name: choice.is_found_by_name.then(|| fields(request)),
        };
        self.held_with(page::shown(StatusCode::OK, &page))
    }
}

/// The parameters of a request as the fields of a form, but for the name that is typed into it.
fn fields(request: &SignInRequest) -> Vec<(String, String)> {
    let request = SignInRequest {
        domain_hint: None,
        username: None,
        login_hint: None,
        ..request.clone()
    };
    let query = request.to_query();
    let form = Form::parse(query.as_bytes());
    let fields = form.iter().flat_map(Form::fields);
    let by_name = (Choice::BY_NAME.to_owned(), "1".to_owned());
    fields
        .map(|(name, value)| (name.to_owned(), value.expose().clone()))
        .chain([by_name])
        .collect()
}
