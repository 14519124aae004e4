//! A scene as an SVG document. Text stays text: the reader's browser chooses the font, Korean ones included.

use super::colors::Color;
use super::scene::{Anchor, Scene, Shape};
use maud::{Markup, html};
use std::fmt::Write;

const FONTS: &str =
    "system-ui, 'Noto Sans', 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif";

/// The document, described by `description` for those who cannot see it.
pub(super) fn document(scene: &Scene, description: &str) -> String {
    let (width, height) = (scene.width, scene.height);
    let document = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(description) viewBox=(format!("0 0 {width} {height}"))
            width=(width) height=(height) font-family=(FONTS) {
            @for element in &scene.shapes { (shape(element)) "\n" }
            // Areas that show a text when they are pointed at.
            @for tip in &scene.tips {
                rect x=(tip.x) y=(tip.y) width=(tip.width.max(1)) height=(tip.height.max(1)) fill-opacity="0" {
                    title { (tip.text) }
                } "\n"
            }
        }
    };
    document.into_string() + "\n"
}

fn shape(shape: &Shape) -> Markup {
    match shape {
        Shape::Rect {
            x,
            y,
            width,
            height,
            color,
        } => {
            html! { rect x=(x) y=(y) width=(width.max(&0)) height=(height.max(&0)) fill=(hex(*color)) {} }
        }
        Shape::Line { points, width, color } => {
            let mut path = String::new();
            for (x, y) in points {
                let _ = write!(path, "{x},{y} ");
            }
            html! { polyline points=(path.trim_end()) fill="none" stroke=(hex(*color)) stroke-width=(width) {} }
        }
        Shape::Dot {
            center: (x, y),
            radius,
            color,
        } => {
            html! { circle cx=(x) cy=(y) r=(radius) fill=(hex(*color)) {} }
        }
        Shape::Text {
            x,
            middle,
            anchor,
            size,
            bold,
            color,
            text,
        } => {
            let anchor = match anchor {
                Anchor::Left => None,
                Anchor::Center => Some("middle"),
                Anchor::Right => Some("end"),
            };
            // Capitals and digits are about 0.72 em high: half of that below the middle is the baseline.
            let baseline = f64::from(*middle) + 0.36 * f64::from(*size);
            html! {
                text x=(x) y=(format!("{baseline:.1}")) font-size=(size) text-anchor=[anchor] font-weight=[bold.then_some("bold")]
                    fill=(hex(*color)) { (text) }
            }
        }
    }
}

fn hex(Color(red, green, blue): Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
