//! Failures at the door: each has one status and one sentence, and its cause stays with the log.

use gateway::Reply;
use gateway::conversation::Failure;
use http::{HeaderMap, Version};

use crate::documents::ROOT;
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, MAIL, Scene};

/// Every failure with its status and its sentence.
const FAILURES: [(Failure, u16, &str); 10] = [
    (
        Failure::Framing,
        400,
        "The request's framing is in doubt.\n",
    ),
    (
        Failure::RequestTooLarge,
        413,
        "The request's body is too large.\n",
    ),
    (
        Failure::RequestTooSlow,
        408,
        "The request's body did not come in time.\n",
    ),
    (
        Failure::Unrecorded,
        503,
        "This cannot be checked now; try again later.\n",
    ),
    (
        Failure::NoRandomness,
        503,
        "This cannot be checked now; try again later.\n",
    ),
    (
        Failure::NoIdentity,
        503,
        "The server behind cannot be told who you are.\n",
    ),
    (
        Failure::Unreachable,
        502,
        "The server behind cannot be reached.\n",
    ),
    (
        Failure::NoMember,
        503,
        "No server behind can be reached now; try again later.\n",
    ),
    (
        Failure::TooSlow,
        504,
        "The server behind did not answer in time.\n",
    ),
    (
        Failure::Garbage,
        502,
        "The server behind cannot be understood.\n",
    ),
];

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

/// Header lines in their order, the id excepted.
fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| *name != "x-wicketgate-activity")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    lines.sort();
    lines
}

/// A client learns the status and the sentence, and the log alone the cause.
fn is_answered(reply: &Reply, (status, sentence): (u16, &str), cause: &str) {
    assert_eq!(reply.status, status);
    assert_eq!(reply.body, sentence);
    assert_eq!(reply.cause.as_deref(), Some(cause));
    let expected = [
        ("cache-control", "no-store"),
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(lines(&reply.headers), expected);
}

#[test]
fn each_failure_has_its_status_its_sentence_and_the_id_of_its_request() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let cause = "connect to 10.1.2.3:443: Connection refused";
    for (failure, status, sentence) in FAILURES {
        let mut connection = scene.connects();
        let requests = [ews().basic("anna", &anna.password), get(DISCOVER, ROOT)];
        for request in requests {
            let forward = connection.sends(&request).forward();
            let reply = connection.conversation.failed(failure, cause.to_owned());
            is_answered(&reply, (status, sentence), cause);
            assert_eq!(reply.activity(), forward.activity.0);
        }
    }
}

#[test]
fn a_failure_before_any_request_has_no_id() {
    let scene = Scene::new();
    for (failure, status, sentence) in FAILURES {
        let connection = scene.connects();
        let reply = connection.conversation.failed(failure, "x".to_owned());
        is_answered(&reply, (status, sentence), "x");
        assert!(!reply.headers.contains_key("x-wicketgate-activity"));
        assert_eq!(reply.activity(), "");
    }
}

#[test]
fn an_answer_that_cannot_be_given_hands_its_id_to_the_one_in_its_place() {
    let scene = Scene::new();
    for (failure, status, sentence) in FAILURES {
        let refused = scene.connects().sends(&ews()).replied().reply;
        assert_eq!(refused.activity().len(), 36);
        let reply = refused.instead(failure, "the disk is full".to_owned());
        is_answered(&reply, (status, sentence), "the disk is full");
        assert_eq!(reply.activity(), refused.activity());
    }
}

#[test]
fn a_failure_behind_the_gate_does_not_sign_anybody_out() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    connection.signs_in(&anna.client(), &ews()).forward();
    let reply = connection
        .conversation
        .failed(Failure::TooSlow, "x".to_owned());
    assert_eq!(reply.status, 504);
    assert_eq!(connection.sends(&ews()).told(), "anna");
    assert_eq!(connection.verified, 1);
}

#[test]
fn t_http_1_a_request_whose_length_is_in_doubt_ends_the_connection() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (first, second) in [
        (("content-length", "5"), ("transfer-encoding", "chunked")),
        (("content-length", "5"), ("content-length", "5")),
        (("content-length", "+5"), ("x-kept", "1")),
        (("transfer-encoding", "gzip, chunked"), ("x-kept", "1")),
        (
            ("transfer-encoding", "chunked"),
            ("transfer-encoding", "chunked"),
        ),
    ] {
        let mut connection = scene.connects();
        assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
        let request = ews().with(first.0, first.1).with(second.0, second.1);
        assert_eq!(
            connection.sends(&request).told(),
            "400 and close",
            "{first:?}"
        );
    }
    let old = ews()
        .with("transfer-encoding", "chunked")
        .version(Version::HTTP_10);
    assert_eq!(scene.connects().sends(&old).told(), "400 and close");
}
