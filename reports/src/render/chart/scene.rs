//! A chart laid out: shapes at pixel positions, the same for SVG and PNG.
//!
//! Layout is separate from painting so that it can be tested for what a reader sees, above all that no two texts lie
//! over each other.

use unicode_width::UnicodeWidthChar;

/// A colour, as in SVG's `#RRGGBB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(pub u8, pub u8, pub u8);

/// Text and axes.
pub(crate) const INK: Color = Color(0x1f, 0x23, 0x28);
/// Text that may be overlooked.
pub(crate) const MUTED: Color = Color(0x57, 0x60, 0x6a);
/// Lines behind the data.
pub(crate) const GRID: Color = Color(0xd8, 0xde, 0xe4);
/// The paper.
pub(crate) const PAPER: Color = Color(0xff, 0xff, 0xff);
/// Text on a dark bar. Not quite [`PAPER`], which a page in dark mode replaces.
const ON_DARK: Color = Color(0xfe, 0xfe, 0xfe);
/// Text on a light bar, for the same reason not [`INK`].
const ON_LIGHT: Color = Color(0x01, 0x01, 0x01);

/// Eight colours that people with any common colour vision tell apart (Okabe and Ito, "Color Universal Design", 2008; its
/// black is a grey here so that it shows on dark paper). Numbers in the chart say the same, so colour is never alone.
const PALETTE: [Color; 8] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xe6, 0x9f, 0x00),
    Color(0x00, 0x9e, 0x73),
    Color(0xcc, 0x79, 0xa7),
    Color(0x56, 0xb4, 0xe9),
    Color(0xd5, 0x5e, 0x00),
    Color(0xf0, 0xe4, 0x42),
    Color(0x8c, 0x8c, 0x8c),
];

/// The colour of the series with this index: the palette, then the palette mixed half with white, then again.
pub(crate) fn series_color(index: usize) -> Color {
    let color = PALETTE[index % PALETTE.len()];
    let pale = |part: u8| part / 2 + 0x7f;
    if (index / PALETTE.len()).is_multiple_of(2) {
        color
    } else {
        Color(pale(color.0), pale(color.1), pale(color.2))
    }
}

impl Color {
    /// The colour of text that stays readable on this one.
    pub(crate) fn contrasting(self) -> Color {
        // Relative luminance by ITU-R BT.709, without linearization: enough to choose between black and white.
        let luminance = 0.2126 * f64::from(self.0) + 0.7152 * f64::from(self.1) + 0.0722 * f64::from(self.2);
        if luminance > 125.0 { ON_LIGHT } else { ON_DARK }
    }
}

/// Which end of a text its position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Left,
    Center,
    Right,
}

/// What is drawn, in the order of drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Rect {
        x: i32,
        y: i32,
        width: i32,
        height: i32,
        color: Color,
    },
    Line {
        points: Vec<(i32, i32)>,
        width: u32,
        color: Color,
    },
    Dot {
        center: (i32, i32),
        radius: i32,
        color: Color,
    },
    Text {
        x: i32,
        middle: i32,
        anchor: Anchor,
        size: i32,
        bold: bool,
        color: Color,
        text: String,
    },
}

/// An area that shows a text when it is pointed at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tip {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    pub text: String,
}

/// A chart laid out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scene {
    pub width: i32,
    pub height: i32,
    pub shapes: Vec<Shape>,
    pub tips: Vec<Tip>,
}

impl Scene {
    pub(crate) fn text(&mut self, at: (i32, i32), anchor: Anchor, size: i32, color: Color, text: impl Into<String>) {
        let (x, middle) = at;
        self.shapes.push(Shape::Text {
            x,
            middle,
            anchor,
            size,
            bold: false,
            color,
            text: text.into(),
        });
    }

    pub(crate) fn line(&mut self, points: Vec<(i32, i32)>, width: u32, color: Color) {
        self.shapes.push(Shape::Line { points, width, color });
    }

    pub(crate) fn tip(&mut self, (x, y): (i32, i32), (width, height): (i32, i32), text: impl Into<String>) {
        self.tips.push(Tip {
            x,
            y,
            width,
            height,
            text: text.into(),
        });
    }

    /// A number in a round mark, which ties a curve or a bar to the legend without colour.
    pub(crate) fn numbered_dot(&mut self, center: (i32, i32), color: Color, number: usize) {
        self.shapes.push(Shape::Dot {
            center,
            radius: 8,
            color: PAPER,
        });
        self.shapes.push(Shape::Dot {
            center,
            radius: 7,
            color,
        });
        self.text(center, Anchor::Center, 10, color.contrasting(), number.to_string());
    }
}

/// Width of a text in pixels at a font size, for a wide sans-serif font (DejaVu Sans): other fonts need less.
pub(crate) fn text_width(text: &str, size: i32) -> i32 {
    let ems: f64 = text.chars().map(em_width).sum();
    (ems * f64::from(size)).ceil() as i32
}

fn em_width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '·' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | 'I' | 'J' => 0.43,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 1.0,
        'A'..='Z' => 0.75,
        c => match c.width().unwrap_or(0) {
            0 => 0.0,
            1 => 0.64,
            _ => 1.02,
        },
    }
}

/// `text` in at most `width` pixels: characters in the middle give way to an ellipsis, since names differ at the ends.
pub(crate) fn shorten(text: &str, size: i32, width: i32) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let candidate = |kept: usize| {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let ends = chars[..head]
            .iter()
            .chain(['…'].iter())
            .chain(&chars[chars.len() - tail..]);
        ends.collect::<String>()
    };
    let fitting = (1..chars.len())
        .rev()
        .map(candidate)
        .find(|shorter| text_width(shorter, size) <= width);
    fitting.unwrap_or_else(|| "…".to_owned())
}

/// `text` in lines of at most `width` pixels, broken at spaces; a single word that is longer is shortened.
pub(crate) fn wrap(text: &str, size: i32, width: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').map(|word| shorten(word, size, width)) {
        match lines.last_mut() {
            Some(line) if text_width(line, size) + text_width(" ", size) + text_width(&word, size) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        let short = shorten("registry-with-a-long-name/image-variant-b", 13, 120);
        assert!(
            short.starts_with("reg") && short.ends_with('b') && short.contains('…'),
            "{short}"
        );
    }

    #[test]
    fn numbers_on_bars_contrast_with_every_colour_of_the_palette() {
        for color in (0..2 * PALETTE.len()).map(series_color) {
            let spread = |c: Color| [c.0, c.1, c.2].map(i32::from).iter().sum::<i32>();
            assert!((spread(color) - spread(color.contrasting())).abs() > 250, "{color:?}");
        }
    }

    proptest! {
        #[test]
        fn wrapped_and_shortened_text_fits(text in "\\PC{0,80}", width in 20..400i32) {
            for line in wrap(&text, 12, width) {
                prop_assert!(text_width(&line, 12) <= width.max(text_width("…", 12)), "{line:?}");
            }
        }
    }
}
