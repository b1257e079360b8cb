//! Requests and answers come out as they went in, and what is not of their form does not.

use http::header;

use super::*;

fn request() -> Request {
    let head = http::Request::post("/sign-in?a=b")
        .header("cookie", "__Host-session=secret")
        .header("accept-language", "sv")
        .header("accept-language", "en")
        .body(())
        .unwrap();
    Request {
        head: head.into_parts().0,
        body: Bytes::from_static(b"account=anna&secret=four+horses"),
        origin: "https://portal.contoso.com".to_owned(),
        zone: Zone::EXTERNAL,
        address: "198.51.100.7".parse().unwrap(),
        over: Over {
            connection: ConnectionId([7; 8]),
            end_points: Vec::new(),
            channel_binding: Demand::Off,
        },
        activity: ActivityId("a1".to_owned()),
    }
}

fn answer() -> Answer {
    let response = Response::builder()
        .status(303)
        .header(header::LOCATION, "/")
        .header(header::SET_COOKIE, "a=b")
        .header(header::SET_COOKIE, "c=d")
        .body(Bytes::from_static(b"<p>"))
        .unwrap();
    Answer {
        response,
        hold_back: HoldBack(Duration::from_millis(250)),
        is_alarmed: true,
        signed_in: Some(false),
        channel: Channel::UsernameToken,
        unavailable: Some(Unavailable {
            what: "the store",
            detail: "it is full".to_owned(),
        }),
    }
}

#[test]
fn a_request_comes_out_as_it_went_in_and_its_connection_s_certificates_do_not() {
    let (sent, came) = (request(), read_request(&write_request(&request()).unwrap()));
    let came = came.unwrap();
    assert_eq!(
        (
            came.head.method,
            came.head.uri,
            came.head.headers,
            came.body
        ),
        (
            sent.head.method,
            sent.head.uri,
            sent.head.headers,
            sent.body
        )
    );
    assert_eq!(
        (came.origin, came.zone, came.address, came.activity),
        (sent.origin, sent.zone, sent.address, sent.activity)
    );
    assert_eq!(came.over.connection, sent.over.connection);
    assert!(came.over.end_points.is_empty());
    assert_eq!(came.over.channel_binding, Demand::Require);
}

#[test]
fn an_answer_comes_out_as_it_went_in() {
    let (sent, came) = (answer(), read_answer(&write_answer(&answer()).unwrap()));
    let came = came.unwrap();
    assert_eq!(came.response.status(), sent.response.status());
    assert_eq!(came.response.headers(), sent.response.headers());
    assert_eq!(came.response.body(), sent.response.body());
    assert_eq!(came.hold_back, sent.hold_back);
    assert_eq!((came.is_alarmed, came.signed_in), (true, Some(false)));
    assert_eq!(came.channel, Channel::UsernameToken);
    let unavailable = came.unavailable.unwrap().to_string();
    assert!(unavailable.contains("the store") && unavailable.contains("it is full"));
}

/// What is written of one, with one text in another's place.
fn with(written: &[u8], one: &str, another: &str) -> Vec<u8> {
    let text = String::from_utf8(written.to_vec()).unwrap();
    assert!(text.contains(one), "{text}");
    text.replace(one, another).into_bytes()
}

#[test]
fn what_is_not_of_its_form_is_refused_and_nothing_of_it_is_told() {
    let written = write_request(&request()).unwrap();
    for (one, another) in [
        ("\"POST\"", "\"PO ST\""),
        // `/sign-in?a=b` becomes `sign-in?a=bc`, another origin's, and no text.
        ("L3NpZ24taW4/YT1i", "c2lnbi1pbj9hPWJj"),
        ("L3NpZ24taW4/YT1i", "aHR0cHM6Ly9hL2I="),
        ("L3NpZ24taW4/YT1i", "L8M="),
        ("L3NpZ24taW4/YT1i", "?"),
        ("\"cookie\"", "\"coo kie\""),
        // A line feed.
        ("\"value\":\"c3Y=\"", "\"value\":\"Cg==\""),
        ("\"origin\"", "\"more\":1,\"origin\""),
        ("198.51.100.7", "198.51.100"),
    ] {
        let error = read_request(&with(&written, one, another)).unwrap_err();
        let told = error.to_string();
        assert!(!told.contains("secret") && !told.contains("anna"), "{told}");
    }
    let written = write_answer(&answer()).unwrap();
    for (one, another) in [
        (":303,", ":101,"),
        (":303,", ":99,"),
        (":303,", ":600,"),
        ("\"location\"", "\"loca tion\""),
        ("\"held-back-millis\":250", "\"held-back-millis\":60001"),
        ("\"status\"", "\"more\":1,\"status\""),
    ] {
        assert!(
            read_answer(&with(&written, one, another)).is_err(),
            "{another}"
        );
    }
}

#[test]
fn what_is_too_large_is_not_read() {
    let mut large = request();
    large.body = Bytes::from(vec![b'a'; MAX_REQUEST]);
    let written = write_request(&large).unwrap();
    assert!(matches!(
        read_request(&written),
        Err(WireParseError::TooLarge { .. })
    ));
    let large = Answer::from(Response::new(Bytes::from(vec![b'a'; MAX_ANSWER])));
    assert!(matches!(
        read_answer(&write_answer(&large).unwrap()),
        Err(WireParseError::TooLarge { .. })
    ));
}

/// The longest forms that the pages take go through, with the head that a gate takes.
#[test]
fn the_longest_message_of_a_partner_goes_through() {
    let mut long = request();
    let at_most = crate::longest(true, "/adfs/ls/");
    assert!(at_most > crate::longest(false, "/sign-in"));
    long.body = Bytes::from(vec![b'a'; at_most]);
    let cookie = HeaderValue::from_bytes(&vec![b'a'; 60 * 1024]).unwrap();
    long.head.headers.insert(header::COOKIE, cookie);
    assert!(read_request(&write_request(&long).unwrap()).is_ok());
}

#[test]
fn nothing_secret_is_in_what_is_said_of_them() {
    let told: ToldRequest =
        read(REQUEST, (&write_request(&request()).unwrap(), MAX_REQUEST)).unwrap();
    let told = format!(
        "{:?} {:?}",
        told.target,
        told.headers.first().map(|it| &it.value)
    );
    assert!(
        !told.contains("secret") && !told.contains("sign-in"),
        "{told}"
    );
}
