//! The stories: one file each, named as a sentence. Recommended first reading.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a story that cannot go on has failed"
)]

mod the_demo_says_three_commands_and_they_answer_as_it_says;
