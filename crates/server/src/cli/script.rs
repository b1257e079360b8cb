//! `wicketgate script`: prints PowerShell for Active Directory, AD FS, Exchange and Lync, and runs none of it.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::{CliError, Output};
use crate::config;
use crate::deployment::Deployment;
use crate::script::{Topic, script, unchanging};

const EXAMPLES: &str = "\
Examples:
  wicketgate script ad > ad.ps1
  wicketgate script facts > facts.ps1
  wicketgate script adfs-export > adfs-export.ps1

Each is made from the configuration and says in its own lines what it does, where to run it and how to
undo it. `ad`, `exchange`, `lync` and `edge` know -WhatIf; `facts` and `adfs-export` read and change nothing. `adfs-export` is
the same for everybody and needs no configuration.";

/// What is to be printed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What the script is about
    topic: Topic,
}

#[derive(Serialize)]
struct Printed {
    script: String,
}

/// Prints a script.
///
/// # Errors
///
/// The configuration is wrong.
pub(crate) fn run(file: &Path, arguments: &Arguments, output: &Output) -> Result<(), CliError> {
    let topic = arguments.topic;
    let script = match topic.is_the_same_everywhere() {
        true => unchanging(topic),
        false => script(topic, &Deployment::of(&config::load_for_keytab(file)?)),
    };
    let printed = Printed { script };
    output.print(&printed, |it| it.script.trim_end().to_owned())
}
