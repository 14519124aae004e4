//! stdout and stderr: results go to the one, everything else to the other. A reader that has gone away is not an error.

use crate::error::Error;
use reports::model::Message;
use reports::table::TableStyle;
use reports::{Lang, render};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

static LANGUAGE: OnceLock<Lang> = OnceLock::new();

/// Chooses the language of what is shown, once.
pub fn set_language(lang: Lang) {
    // A second choice would be a programming error without consequence.
    let _ = LANGUAGE.set(lang);
}

/// The language of what is shown.
pub fn language() -> Lang {
    LANGUAGE.get().copied().unwrap_or_default()
}

/// Columns where there is no terminal to ask.
const DEFAULT_COLUMNS: u16 = 100;

/// Writes a text to stdout.
pub fn print(text: &[u8]) -> Result<(), Error> {
    print_with(|stdout| stdout.write_all(text))
}

/// Writes what `content` gives to stdout.
pub fn print_with(content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    match content(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::from_cause(Message::new("cannot-write-stdout"), error)
                .remedy(Message::new("do-room-for-stdout")))
        }
        _ => Ok(()),
    }
}

/// Says something to the user in their language, on stderr.
pub fn say(what: &Message) {
    hint(&render::reason(what, language()));
}

/// Shows a line to the user, on stderr.
pub fn hint(text: &str) {
    // Names and contents of files may hold what drives a terminal.
    let shown: String = text
        .chars()
        .flat_map(|c| match c.is_control() && c != '\n' && c != '\t' {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect();
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "isolab: {shown}");
}

/// How a table is drawn on this output: colour on a terminal that has it, unless NO_COLOR is set (no-color.org).
pub fn table_style(terminal: &impl IsTerminal) -> TableStyle {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let columns = console_columns().unwrap_or(DEFAULT_COLUMNS);
    TableStyle {
        color: terminal.is_terminal() && !no_color && !dumb,
        width: columns.into(),
    }
}

/// The terminal's width: what COLUMNS says, or the terminal on stdout or stderr itself.
fn console_columns() -> Option<u16> {
    let said = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 0);
    said.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0))
}

/// Shows a text to the user, on stderr.
pub fn text(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
