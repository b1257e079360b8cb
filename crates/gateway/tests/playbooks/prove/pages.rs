//! Pages of ours as ways in: what is too little there, and what a rule must not say of them.

use authn::sign_in::Requirement;

use super::*;

#[test]
fn s19_a_page_of_ours_is_a_way_in_like_any_other() {
    let with = |methods: &str| {
        let on_pages = Rule {
            services: [Service::PORTAL].into(),
            methods: vec![combination(methods)],
            ..Rule::default()
        };
        let mut publication = rules(vec![on_pages, rule()]);
        let host = publication.hosts.entry("my.contoso.com".to_owned());
        host.or_default().is_ours = true;
        found(&publication)
    };
    assert_eq!(with("memorised-secret + one-time-code"), []);
    let short = with("memorised-secret");
    let way = ("my.contoso.com/".to_owned(), Channel::Page, Factors::One);
    assert_eq!(too_little(&short), [way]);
    assert_eq!(short.first().and_then(|it| it.rule), Some(0));
    // Whoever found an app password on a device gets nothing by the portal, whatever is written.
    assert_eq!(with("app-password"), []);
}

#[test]
fn s79_an_app_password_alone_on_the_page_for_parties_is_a_counter_example_and_opens_nothing() {
    let with = |methods: &[&str], zones: &[Zone]| {
        let on_pages = Rule {
            zones: zones.iter().cloned().collect(),
            services: [Service::STS].into(),
            methods: methods.iter().map(|it| combination(it)).collect(),
            lease: Some(SignedDuration::from_hours(24)),
            ..Rule::default()
        };
        let mut publication = rules(vec![on_pages, rule()]);
        let host = publication.hosts.entry("sts.contoso.com".to_owned());
        let host = host.or_default();
        (host.is_ours, host.is_sts) = (true, true);
        publication
    };
    let outside = Zone::EXTERNAL;
    let both = "app-password + one-time-code";
    assert_eq!(found(&with(&[both], &[])), []);
    assert_eq!(
        found(&with(&["app-password"], &[Zone::INTERNAL])).len(),
        1,
        "the rule behind"
    );
    for methods in [&["app-password"][..], &[both, "app-password"]] {
        let publication = with(methods, &[]);
        let alone = found(&publication);
        let zone = outside.clone();
        assert_eq!(whats(alone.clone()), [What::AloneOnPage { zone }]);
        assert_eq!(alone[0].host.as_deref(), Some("sts.contoso.com"));
        assert_eq!(alone[0].rule, Some(0));
        let required = Requirement::of(&publication.policy, &outside, &Service::STS);
        let taken = methods
            .contains(&both)
            .then_some(Requirement::SecretAndCode);
        assert_eq!(required, taken);
    }
}
