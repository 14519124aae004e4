//! A chart laid out: shapes at pixel positions, the same for SVG and PNG.
//!
//! Layout is separate from painting so that it can be tested for what a reader sees, above all that no two texts lie
//! over each other.

use super::colors::{Color, PAPER};
use unicode_width::UnicodeWidthChar;

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
    /// Paper of this width, as high as what is put on it.
    pub(crate) fn new(width: i32) -> Scene {
        Scene {
            width,
            height: 0,
            shapes: Vec::new(),
            tips: Vec::new(),
        }
    }

    pub(crate) fn rect(&mut self, (x, y): (i32, i32), (width, height): (i32, i32), color: Color) {
        self.shapes.push(Shape::Rect {
            x,
            y,
            width,
            height,
            color,
        });
    }

    pub(crate) fn dot(&mut self, center: (i32, i32), radius: i32, color: Color) {
        self.shapes.push(Shape::Dot { center, radius, color });
    }

    /// A dot that shows on whatever lies below it.
    pub(crate) fn ringed_dot(&mut self, center: (i32, i32), radius: i32, color: Color) {
        self.dot(center, radius + 1 + radius / 8, PAPER);
        self.dot(center, radius, color);
    }

    /// Puts all of another scene on this one, `down` pixels lower.
    pub(crate) fn append(&mut self, other: Scene, down: i32) {
        self.height = self.height.max(down + other.height);
        self.shapes.extend(other.shapes.into_iter().map(|mut shape| {
            match &mut shape {
                Shape::Rect { y, .. } => *y += down,
                Shape::Line { points, .. } => points.iter_mut().for_each(|point| point.1 += down),
                Shape::Dot { center, .. } => center.1 += down,
                Shape::Text { middle, .. } => *middle += down,
            }
            shape
        }));
        self.tips
            .extend(other.tips.into_iter().map(|tip| Tip { y: tip.y + down, ..tip }));
    }

    pub(crate) fn bold(&mut self, at: (i32, i32), anchor: Anchor, size: i32, color: Color, text: impl Into<String>) {
        self.text(at, anchor, size, color, text);
        if let Some(Shape::Text { bold, .. }) = self.shapes.last_mut() {
            *bold = true;
        }
    }

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

    proptest! {
        #[test]
        fn wrapped_and_shortened_text_fits(text in "\\PC{0,80}", width in 20..400i32) {
            for line in wrap(&text, 12, width) {
                prop_assert!(text_width(&line, 12) <= width.max(text_width("…", 12)), "{line:?}");
            }
        }
    }
}
