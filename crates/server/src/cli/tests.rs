//! Every command that the guide, the README and the program itself tell is one that the program takes.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::*;

/// The pages: the README and the guide, but the page of configuration keys, which names no command.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_dir(root.join("docs/guide")).unwrap();
    let guide = guide.map(|page| page.unwrap().path());
    // Beside the pages are the pictures that they show.
    let mut pages: Vec<PathBuf> = guide.filter(|page| page.is_file()).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// The words of a command line as a shell has them, up to where another command or a file begins.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '#' | '>' | '|' | '&' | ';') => break,
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    // What stands for a number of the reader's own.
    let number = |word: String| {
        if word == "NUMBER" {
            "1".to_owned()
        } else {
            word
        }
    };
    words.into_iter().map(number).collect()
}

/// The command that a line begins with, where it is one of ours: `sudo` and `cargo run` may stand before.
fn command(line: &str) -> Option<Vec<String>> {
    let words = words(line.trim_start());
    let before = match words.first()?.as_str() {
        "wicketgate" => 1,
        "sudo" => words.iter().rposition(|word| word == "wicketgate")? + 1,
        "cargo" if words.get(1)? == "run" => words.iter().position(|word| word == "--")? + 1,
        _ => return None,
    };
    let ours = words.into_iter().skip(before);
    Some(["wicketgate".to_owned()].into_iter().chain(ours).collect())
}

/// Why a command is not taken, where it is not.
fn refused(command: &[String], is_whole: bool) -> Option<ErrorKind> {
    let kind = Arguments::try_parse_from(command).err()?.kind();
    let is_a_name = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    let is_shown = kind == ErrorKind::DisplayVersion || kind == ErrorKind::DisplayHelp;
    (!is_shown && (is_whole || !is_a_name.contains(&kind))).then_some(kind)
}

#[test]
fn every_command_of_the_guide_is_taken() {
    let mut taken = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        // Blocks are whole commands, of which the reader may type each; in a sentence a verb may be named.
        for (number, part) in text.split("```").enumerate() {
            let is_block = number % 2 == 1;
            let lines: Vec<&str> = if is_block {
                part.lines().skip(1).collect()
            } else {
                part.split('`').skip(1).step_by(2).collect()
            };
            let commands = lines.iter().flat_map(|line| line.split(" && "));
            for command in commands.filter_map(command) {
                let refused = refused(&command, is_block);
                assert_eq!(refused, None, "{}: {command:?}", page.display());
                taken += 1;
            }
        }
    }
    assert!(taken > 60, "{taken} commands");
}

#[test]
fn every_example_of_the_help_is_taken() {
    let examples = EXAMPLES.lines().skip(1).map(|line| {
        let (line, _) = line.trim().split_once("  ").unwrap_or((line, ""));
        command(line).unwrap()
    });
    for example in examples {
        assert_eq!(refused(&example, true), None, "{example:?}");
    }
}

#[test]
fn a_command_that_lacks_something_or_says_too_much_is_found() {
    let whole = |line: &str| refused(&command(line).unwrap(), true);
    let create = "wicketgate app-password create anna@contoso.com --label 'first phone'";
    assert_eq!(whole(create), Some(ErrorKind::MissingRequiredArgument));
    assert_eq!(whole(&format!("{create} --scope lync")), None);
    assert_eq!(
        whole("sudo -u wicketgate wicketgate db migrat"),
        Some(ErrorKind::InvalidSubcommand)
    );
    let named = |line: &str| refused(&command(line).unwrap(), false);
    assert_eq!(named("wicketgate app-password create"), None);
    assert_eq!(
        named("wicketgate audit list --every"),
        Some(ErrorKind::UnknownArgument)
    );
    assert_eq!(command("systemctl reload wicketgate"), None);
}

/// `init` ends with commands to paste.
#[test]
fn what_init_says_to_do_next_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.toml");
    for (none, scope) in [
        ("", "lync,ews,autodiscover,activesync"),
        ("exchange_host = \"-\"", "lync"),
        ("lync_web_host = \"-\"", "ews,autodiscover,activesync"),
    ] {
        std::fs::write(&answers, none).unwrap();
        let next = init::next(Path::new("/srv/gate.toml"), &answers);
        for line in &next {
            let command = command(line).unwrap();
            assert_eq!(refused(&command, true), None, "{command:?}");
        }
        let last = next.last().unwrap();
        assert!(last.ends_with(&format!("--scope {scope}")), "{next:?}");
    }
}
