//! Looks are bounded, and what one of them sees stands in its place.

use tokio::time::Instant;

use super::*;

fn clock(number: i64) -> Seen {
    Seen::Clock {
        controller: number.to_string(),
        ahead: Ok(number),
    }
}

#[tokio::test(start_paused = true)]
async fn looks_run_together_and_are_told_in_their_order() {
    let began = Instant::now();
    let slow_first = |number: i64| -> Look {
        let wait = Duration::from_secs(u64::try_from(10 - number).unwrap());
        Box::pin(async move {
            let _ = within::<()>(wait, std::future::pending()).await;
            vec![clock(number)]
        })
    };
    let seen = all((0..10).map(slow_first).collect()).await;
    assert_eq!(seen, (0..10).map(clock).collect::<Vec<_>>());
    assert!(
        began.elapsed() < Duration::from_secs(11),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_answer_is_left_when_the_look_s_time_is_over() {
    let patience = Duration::from_secs(3);
    let nothing = within(patience, std::future::pending::<Result<(), String>>()).await;
    assert_eq!(nothing, Err("it took longer than 3 s".to_owned()));
}
