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

#[test]
fn cargo_run_at_the_root_means_the_program() -> anyhow::Result<()> {
    let metadata = xtask::tidy::metadata(&["--no-deps"])?;
    let packages = metadata["packages"].as_array().unwrap();
    let meant = packages.iter().filter_map(|it| it["default_run"].as_str());
    assert_eq!(meant.collect::<Vec<_>>(), ["wicketgate"]);
    Ok(())
}
