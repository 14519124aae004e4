//! `isolab completions` and `isolab man`: what shells and man(1) are told of the command line.

use super::{Cli, output};
use crate::error::Error;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use reports::model::Message;

// What `isolab completions` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "bash: isolab completions bash > ~/.local/share/bash-completion/completions/isolab\n\
                        zsh:  isolab completions zsh > a folder of $fpath, as _isolab\n\
                        fish: isolab completions fish > ~/.config/fish/completions/isolab.fish"
)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script by which a shell completes isolab's commands and options.
pub fn completions(arguments: &Completions) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "isolab", &mut script);
    output::print(&script)?;
    Ok(0)
}

// What `isolab man` takes.
#[derive(Debug, Args)]
#[command(after_help = "isolab man compare | man -l -")]
pub struct Man {
    /// The page of one command, such as compare or suite run; without it, the page of isolab itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints a manual page, as troff.
pub fn man(arguments: &Man) -> Result<u8, Error> {
    let mut page = Cli::command();
    page.build();
    for name in &arguments.command {
        let Some(command) = page.find_subcommand(name) else {
            let known: Vec<&str> = page.get_subcommands().map(clap::Command::get_name).collect();
            return Err(Error::new(
                Message::new("no-command")
                    .with("of", page.get_name())
                    .with("name", name.as_str()),
            )
            .remedy(Message::new("do-known-commands").with("names", known.join(", "))));
        };
        page = command.clone();
    }
    // As man pages are named: isolab-suite-run(1).
    let name = page.get_bin_name().unwrap_or("isolab").replace(' ', "-");
    let mut text = Vec::new();
    clap_mangen::Man::new(page.display_name(&name))
        .title(name.to_uppercase())
        .render(&mut text)
        .map_err(|error| Error::from_cause(Message::new("cannot-write-page"), error))?;
    output::print(&text)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn a_commands_own_help_says_what_the_list_of_commands_says_of_it() {
        let mut built = Cli::command();
        built.build();
        for listed in Cli::command().get_subcommands() {
            let own = built.find_subcommand(listed.get_name()).unwrap();
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            assert!(about(own).is_some());
            assert_eq!(about(own), about(listed), "{own}");
        }
    }

    #[test]
    fn every_shell_has_a_script_that_knows_the_options() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "isolab", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(
                ["compare", "fail-on-regression", "resume"]
                    .iter()
                    .all(|word| script.contains(word)),
                "{shell}"
            );
        }
    }
}
