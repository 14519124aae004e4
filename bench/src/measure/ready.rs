//! When a program counts as started: at its first byte, at a line of its own, or at its end.
//!
//! A program that buffers its output writes its first byte when it ends, and a server that logs before it listens writes it too
//! early. A [`Ready`] mark other than the first byte is recorded with the results.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// The moment that ends the start-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ready {
    /// The first byte on stdout.
    #[default]
    FirstByte,
    /// The end of the instance, before what it used is removed.
    Exit,
    /// This text, which stands within a line of stdout. The rest of the line is not waited for: a prompt has no end.
    Line(String),
}

const FIRST_BYTE: &str = "first-byte";
const EXIT: &str = "exit";

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ready::FirstByte => FIRST_BYTE,
            Ready::Exit => EXIT,
            Ready::Line(text) => text,
        })
    }
}

impl FromStr for Ready {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            FIRST_BYTE => Ok(Ready::FirstByte),
            EXIT => Ok(Ready::Exit),
            "" => Err(Error::of_text("ready-empty", text)),
            text if text.chars().any(char::is_control) => Err(Error::of_text("ready-control", text)),
            text => Ok(Ready::Line(text.into())),
        }
    }
}

/// Looks for a text in a stream that comes in pieces.
#[derive(Debug)]
pub struct Finder {
    text: Vec<u8>,
    /// How much of the text the end of the stream so far may be the beginning of, and is kept for that.
    tail: Vec<u8>,
}

impl Finder {
    /// Looks for the text of a mark that has one.
    pub fn of(ready: &Ready) -> Option<Self> {
        match ready {
            Ready::Line(text) => Some(Finder {
                text: text.clone().into(),
                tail: Vec::new(),
            }),
            _ => None,
        }
    }

    /// Takes the next piece of the stream, and says whether the text is in what has come.
    pub fn finds_in(&mut self, piece: &[u8]) -> bool {
        self.tail.extend_from_slice(piece);
        let found = self.tail.windows(self.text.len()).any(|window| window == self.text);
        let kept = self.tail.len().min(self.text.len() - 1);
        self.tail.drain(..self.tail.len() - kept);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_is_one_of_two_words_or_a_text_within_a_line() {
        assert_eq!("first-byte".parse(), Ok(Ready::FirstByte));
        assert_eq!("exit".parse(), Ok(Ready::Exit));
        assert_eq!("listening on".parse(), Ok(Ready::Line("listening on".into())));
        for wrong in ["", "a\nb", "\u{1b}"] {
            assert!(wrong.parse::<Ready>().is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_found_whatever_the_pieces_are(
            before in "[ab]{0,9}", text in "[ab]{1,4}", after in "[ab]{0,9}", cuts in prop::collection::vec(0..30_usize, 0..5)
        ) {
            let stream = format!("{before}{text}{after}").into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let mut finder = Finder::of(&Ready::Line(text)).unwrap();
            prop_assert!(cuts.windows(2).any(|ends| finder.finds_in(&stream[ends[0]..ends[1]])));
        }

        #[test]
        fn what_is_not_there_is_not_found(pieces in prop::collection::vec("[ab]{0,9}", 0..5)) {
            let mut finder = Finder::of(&Ready::Line("aXb".into())).unwrap();
            prop_assert!(!pieces.iter().any(|piece| finder.finds_in(piece.as_bytes())));
        }
    }
}
