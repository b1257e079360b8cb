//! The mapping of the guide: it names every parameter of AD FS's cmdlets, and the page is what the code says.

use std::collections::BTreeSet;
use std::path::Path;

use sts::import::{mapping, parameters};

use crate::support::testdata;

/// The groups of the reference's list, and how the headings begin under which the mapping has them.
const GROUPS: [(&str, &[&str]); 7] = [
    (
        "[relying party]",
        &["Relying party trusts", "SAML endpoints"],
    ),
    ("[claims provider]", &["Claims provider trusts"]),
    ("[LDAP directory]", &["LDAP directories"]),
    ("[OAuth]", &["OAuth 2.0"]),
    (
        "[other]",
        &[
            "Attribute stores",
            "Claim descriptions",
            "Endpoints",
            "Certificates",
            "How people sign in",
            "The farm",
        ],
    ),
    ("[pages]", &["Pages"]),
    (
        "[groups, federation partners and the proxy]",
        &["Whole federations"],
    ),
];

/// The names of a list, each with the line in brackets that it stands under.
fn listed(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(testdata(name)).unwrap();
    let mut group = String::new();
    let mut names = Vec::new();
    for line in text.lines().filter(|it| !it.starts_with('#')) {
        match line.starts_with('[') {
            true => line.clone_into(&mut group),
            false => names.extend(
                line.split_whitespace()
                    .map(|it| (group.clone(), it.to_owned())),
            ),
        }
    }
    names
}

#[test]
fn every_parameter_of_the_reference_is_in_the_mapping_where_it_belongs() {
    let mapped = parameters();
    let reference = listed("parameters.txt");
    assert!(reference.len() > 160, "{}", reference.len());
    for (group, name) in reference {
        let headings = GROUPS.iter().find(|(it, _)| *it == group).unwrap().1;
        let is_there = mapped.iter().any(|(heading, known)| {
            *known == name && headings.iter().any(|it| heading.starts_with(it))
        });
        assert!(is_there, "{group} {name}");
    }
}

#[test]
fn no_parameter_of_the_mapping_is_made_up() {
    let lists = [listed("parameters.txt"), listed("further_parameters.txt")].concat();
    let known: BTreeSet<String> = lists.into_iter().map(|(_, name)| name).collect();
    let made_up: Vec<&str> = parameters()
        .into_iter()
        .map(|(_, name)| name)
        .filter(|it| !known.contains(*it))
        .collect();
    assert!(made_up.is_empty(), "in no cmdlet: {made_up:?}");
}

const BEGIN: &str =
    "<!-- made from the code; UPDATE_EXPECT=1 cargo test -p wicketgate-sts writes it anew -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn the_guide_s_mapping_is_the_code_s() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/moving-from-adfs.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}\n{}{END}{after}", mapping());
    expect_test::expect_file![page].assert_eq(&fresh);
}
