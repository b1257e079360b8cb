//! The lints of `gss`, which cannot take the workspace's table because it alone holds `unsafe`: the same
//! table, line by line, but for that one word.

/// The one line that differs, in the workspace and there.
const UNSAFE: [&str; 2] = ["unsafe_code = \"forbid\"", "unsafe_code = \"deny\""];
/// The tables that are compared.
const TABLES: [&str; 2] = ["lints.rust", "lints.clippy"];

/// What `gss` lacks of the workspace's lints, one sentence each; it may have more.
#[must_use]
pub fn check(workspace: &str, gss: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in TABLES {
        let wanted = lines(workspace, &format!("[workspace.{table}]"));
        let found = lines(gss, &format!("[{table}]"));
        if wanted.is_empty() {
            wrong.push(format!("the workspace has no [workspace.{table}]"));
        }
        for line in wanted {
            let line = if line == UNSAFE[0] { UNSAFE[1] } else { line };
            if !found.contains(&line) {
                wrong.push(format!("crates/gss/Cargo.toml lacks `{line}` in [{table}]"));
            }
        }
    }
    wrong
}

/// The lines of a table.
fn lines<'a>(toml: &'a str, heading: &str) -> Vec<&'a str> {
    toml.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\na = \"warn\"\n\n\
                             [workspace.lints.clippy]\nb = \"deny\"\n[profile]\nc = 1\n";

    #[test]
    fn a_table_that_is_repeated_whole_is_in_order() {
        let gss = "[lints.rust]\nunsafe_code = \"deny\"\na = \"warn\"\nmore = \"warn\"\n\
                   [lints.clippy]\nb = \"deny\"\n";
        assert_eq!(check(WORKSPACE, gss), Vec::<String>::new());
    }

    #[test]
    fn a_lint_that_is_missing_weaker_or_allowed_is_found() {
        let weak = "[lints.rust]\nunsafe_code = \"allow\"\na = \"allow\"\n[lints.clippy]\n";
        assert_eq!(check(WORKSPACE, weak).len(), 3);
        assert_eq!(check("", "").len(), 2);
    }
}
