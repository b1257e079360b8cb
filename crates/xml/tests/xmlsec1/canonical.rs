//! Canonical forms of whole documents, against xmllint's.

use std::process::Command;

use xml::Document;
use xml::c14n::{Method, canonical};

use crate::random::{Random, Wants, content, tag};
use crate::tool::{run, written};
use crate::{documents, folder, has};

#[test]
fn canonical_forms_are_those_of_xmllint() {
    if !has("xmllint", "canonical forms") {
        return;
    }
    let folder = folder("canonical");
    for number in 0..documents(150, 3_000) {
        let mut random = Random::new(u64::try_from(number).unwrap() + 77);
        let mut wants = Wants {
            comments_in_texts: true,
            declarations: 50,
        };
        let (tag, bound) = tag(&mut random, &Vec::new(), &mut wants);
        let inside = content(&mut random, &bound, wants);
        let text = format!("<?xml version=\"1.0\"?>\n<root{tag}>{inside}</root>");
        let document = Document::parse(&text).unwrap();
        let file = written(&folder, number, &text);
        for (option, method) in [
            ("--c14n", Method::InclusiveWithComments),
            ("--exc-c14n", Method::ExclusiveWithComments),
        ] {
            let output = run(Command::new("xmllint").arg(option).arg(&file));
            assert!(output.status.success(), "{text}");
            let theirs = String::from_utf8(output.stdout).unwrap();
            let ours = canonical(document.root(), None, method, &[]).unwrap();
            assert_eq!(ours, theirs, "{option} {text}");
        }
    }
}
