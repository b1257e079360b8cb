//! The walls and the papers: the table of arrows, and what `cargo xtask tidy` finds.

#[test]
fn no_crate_names_what_it_may_not() -> anyhow::Result<()> {
    let wrong = xtask::arrows::check(&xtask::tidy::metadata(&["--no-deps"])?);
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn nothing_is_untidy() -> anyhow::Result<()> {
    let (errors, _) = xtask::tidy::all()?;
    assert!(errors.is_empty(), "{errors:#?}");
    Ok(())
}
