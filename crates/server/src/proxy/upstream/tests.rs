//! Members that stay silent, one after the other and after a request was sent.

use bytes::Bytes;

use super::*;
use crate::outbound::silent::Silent;

#[tokio::test(start_paused = true)]
async fn a_farm_of_which_nobody_answers_keeps_a_client_so_long_and_no_longer() {
    let silent = Silent::farm(8);
    let onward = Onward {
        farm: &silent.farm,
        pass: &Pass::Anonymous,
        by_cookie: None,
        patience: Patience::Ordinary,
        head: &|_| unreachable!("nobody took a connection"),
        delegated: None,
    };
    let began = Instant::now();
    let sent = Upstreams::default()
        .send(&onward, Passing::whole(Bytes::new()))
        .await;
    assert!(matches!(sent, Err(UpstreamError::Unreachable { .. })));
    let waited = began.elapsed();
    let most = limits::CONNECT_IN_ALL + std::time::Duration::from_millis(5);
    assert!(
        waited >= limits::CONNECT_IN_ALL && waited <= most,
        "{waited:?}"
    );
    let members = silent.farm.members().iter();
    let doubted = members.filter(|it| it.tracked.standing() != Standing::Taking);
    assert_eq!(
        doubted.count(),
        2,
        "nothing is held against who was not asked, or had less than its time"
    );
}

#[tokio::test(start_paused = true)]
async fn s50_a_member_may_hold_a_phone_s_request_as_long_as_its_longest_heartbeat() {
    let silent = Silent::listening(1);
    let head = |_: &Member| {
        let request = Request::post("/Microsoft-Server-ActiveSync?Cmd=Ping");
        let request = request.header(header::HOST, "silent");
        Ok(request.body(()).unwrap().into_parts().0)
    };
    let onward = Onward {
        farm: &silent.farm,
        pass: &Pass::Anonymous,
        by_cookie: None,
        patience: Patience::Heartbeat,
        head: &head,
        delegated: None,
    };
    let began = Instant::now();
    let sent = Upstreams::default()
        .send(&onward, Passing::whole(Bytes::new()))
        .await;
    assert!(matches!(sent, Err(UpstreamError::TooSlow)));
    let heartbeat = std::time::Duration::from_secs(3_540);
    let waited = began.elapsed();
    assert!(waited > heartbeat && waited < heartbeat * 2, "{waited:?}");
}

/// It took the request, and may have acted on it: whoever waited is told 504, and nobody is asked
/// again, though another member stands by.
#[tokio::test(start_paused = true)]
async fn a_member_that_takes_a_request_and_stays_silent_is_waited_for_so_long_and_asked_once() {
    let silent = Silent::listening(2);
    let head = |_: &Member| {
        let request = Request::post("/EWS/Exchange.asmx").header(header::HOST, "silent");
        Ok(request.body(()).unwrap().into_parts().0)
    };
    let onward = Onward {
        farm: &silent.farm,
        pass: &Pass::Anonymous,
        by_cookie: None,
        patience: Patience::Ordinary,
        head: &head,
        delegated: None,
    };
    let began = Instant::now();
    let mut upstreams = Upstreams::default();
    let sent = upstreams
        .send(&onward, Passing::whole(Bytes::from_static(b"do it once")))
        .await;
    assert!(
        matches!(sent, Err(UpstreamError::TooSlow)),
        "{:?}",
        sent.err()
    );
    let waited = began.elapsed();
    let most = limits::ANSWER_HEAD + std::time::Duration::from_millis(5);
    assert!(
        waited >= limits::ANSWER_HEAD && waited <= most,
        "{waited:?}"
    );
    assert!(
        upstreams.0.is_empty(),
        "nobody gets the answer that may come"
    );
    let members = silent.farm.members().iter();
    let mut members = members.map(|it| it.tracked.standing());
    assert!(
        members.all(|it| it == Standing::Taking),
        "a long wait is no fault"
    );
    let counted = silent.metrics.shown();
    let of = |what: &str| -> u64 {
        let lines = counted.lines().filter(|line| line.starts_with(what));
        let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        counts.sum()
    };
    let failures = "wicketgate_farm_member_failures_total";
    let slow = counted
        .lines()
        .filter(|line| line.starts_with(failures) && line.ends_with("reason=\"slow\"} 1"));
    assert_eq!((slow.count(), of(failures)), (1, 1), "{counted}");
    assert_eq!(of("wicketgate_farm_member_requests_total"), 1, "{counted}");
    let heard = silent.heard().await;
    let [heard] = heard.as_slice() else {
        panic!("sent once: {heard:?}");
    };
    assert!(heard.starts_with("POST /EWS/Exchange.asmx"), "{heard}");
    assert_eq!(heard.matches("do it once").count(), 1, "{heard}");
}
