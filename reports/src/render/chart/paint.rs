//! Painting a scene, by plotters, as SVG or as pixels.
//!
//! SVG text stays text: the reader's browser chooses the font. For pixels the glyphs are drawn here, since plotters' own
//! text needs one font for all characters and places them without their side bearings.

use super::ChartError;
use super::fonts::Fonts;
use super::scene::{Anchor, Color, Scene, Shape};
use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontFamily, FontStyle, IntoFont, RGBColor, TextStyle};
use std::collections::BTreeSet;
use std::fmt::{Display, Write};

/// Pixels of a PNG for one of the scene: charts are shown on dense screens and projected large.
const PNG_SCALE: i32 = 2;

type Area<DB> = DrawingArea<DB, Shift>;

fn refused(error: impl Display) -> ChartError {
    ChartError::Draw(error.to_string())
}

/// The scene as an SVG document that is described by `description` for those who cannot see it.
pub(crate) fn svg(scene: &Scene, description: &str) -> Result<String, ChartError> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (scene.width as u32, scene.height as u32)).into_drawing_area();
        for shape in &scene.shapes {
            match shape {
                Shape::Text {
                    x,
                    middle,
                    anchor,
                    size,
                    bold,
                    color,
                    text,
                } => {
                    let style = svg_text_style(*anchor, *size, *bold, *color);
                    area.draw_text(text, &style, (*x, *middle)).map_err(refused)?;
                }
                shape => paint_figure(&area, shape, 1)?,
            }
        }
        area.present().map_err(refused)?;
    }
    // plotters has no tooltips: transparent areas with a title each go on top.
    let end = text.rfind("</svg>").unwrap_or(text.len());
    let mut document = text[..end].replacen(
        "<svg ",
        &format!("<svg role=\"img\" aria-label=\"{}\" ", escape(description)),
        1,
    );
    for tip in &scene.tips {
        let (x, y, width, height) = (tip.x, tip.y, tip.width.max(1), tip.height.max(1));
        let title = escape(&tip.text);
        let _ = writeln!(
            document,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill-opacity=\"0\"><title>{title}</title></rect>"
        );
    }
    document.push_str("</svg>\n");
    Ok(document)
}

fn svg_text_style(anchor: Anchor, size: i32, bold: bool, color: Color) -> TextStyle<'static> {
    let horizontal = match anchor {
        Anchor::Left => HPos::Left,
        Anchor::Center => HPos::Center,
        Anchor::Right => HPos::Right,
    };
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    // The SVG backend divides by this factor, which turns its sizes into CSS pixels.
    let font = (FontFamily::SansSerif, f64::from(size) * 1.24, style).into_font();
    TextStyle {
        color: rgb(color).to_backend_color(),
        ..TextStyle::from(font)
    }
    .pos(Pos::new(horizontal, VPos::Center))
}

/// Text as XML, in an element or in an attribute.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
        escaped
    })
}

/// The scene as a PNG file.
pub(crate) fn png(scene: &Scene, fonts: &Fonts) -> Result<Vec<u8>, ChartError> {
    if fonts.is_empty() {
        return Err(ChartError::NoFont);
    }
    let texts = scene.shapes.iter().filter_map(|shape| {
        if let Shape::Text { text, .. } = shape {
            Some(text)
        } else {
            None
        }
    });
    let needed: BTreeSet<char> = texts
        .flat_map(|text| text.chars())
        .filter(|c| !c.is_whitespace())
        .collect();
    let (fonts, missing) = fonts.covering(&needed);
    if !missing.is_empty() {
        return Err(ChartError::Uncovered(missing.into_iter().take(20).collect()));
    }
    let (width, height) = ((scene.width * PNG_SCALE) as u32, (scene.height * PNG_SCALE) as u32);
    let mut pixels = vec![0; (width * height * 3) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        for shape in &scene.shapes {
            match shape {
                Shape::Text { .. } => paint_glyphs(&area, shape, &fonts)?,
                shape => paint_figure(&area, shape, PNG_SCALE)?,
            }
        }
        area.present().map_err(refused)?;
    }
    encode(&pixels, width, height).map_err(refused)
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(file)
}

fn rgb(Color(red, green, blue): Color) -> RGBColor {
    RGBColor(red, green, blue)
}

/// Everything but text.
fn paint_figure<DB: DrawingBackend>(area: &Area<DB>, shape: &Shape, scale: i32) -> Result<(), ChartError> {
    let drawn = match shape {
        Shape::Rect {
            x,
            y,
            width,
            height,
            color,
        } => {
            if *width <= 0 || *height <= 0 {
                return Ok(());
            }
            let corners = [(x * scale, y * scale), ((x + width) * scale, (y + height) * scale)];
            area.draw(&Rectangle::new(corners, rgb(*color).filled()))
        }
        Shape::Line { points, width, color } => {
            let points: Vec<_> = points.iter().map(|(x, y)| (x * scale, y * scale)).collect();
            area.draw(&PathElement::new(
                points,
                rgb(*color).stroke_width(width * scale as u32),
            ))
        }
        Shape::Dot {
            center: (x, y),
            radius,
            color,
        } => area.draw(&Circle::new(
            (x * scale, y * scale),
            radius * scale,
            rgb(*color).filled(),
        )),
        Shape::Text { .. } => Ok(()),
    };
    drawn.map_err(refused)
}

/// A text's glyphs, each from the first font that has it, on a common baseline.
fn paint_glyphs<DB: DrawingBackend>(area: &Area<DB>, shape: &Shape, fonts: &[FontVec]) -> Result<(), ChartError> {
    let Shape::Text {
        x,
        middle,
        anchor,
        size,
        bold,
        color,
        text,
    } = shape
    else {
        return Ok(());
    };
    let em = (size * PNG_SCALE) as f32;
    let glyphs: Vec<_> = text.chars().filter_map(|c| Some((font_for(fonts, c)?, c))).collect();
    let advance = |font: &FontVec, c: char| font.as_scaled(pixel_scale(font, em)).h_advance(font.glyph_id(c));
    let width: f32 = glyphs.iter().map(|(font, c)| advance(font, *c)).sum();
    let start = match anchor {
        Anchor::Left => 0.0,
        Anchor::Center => -width / 2.0,
        Anchor::Right => -width,
    };
    let mut pen = (x * PNG_SCALE) as f32 + start;
    // Capitals and digits are about 0.72 em high: half of that below the middle is the baseline.
    let baseline = (middle * PNG_SCALE) as f32 + 0.36 * em;
    for (font, c) in glyphs {
        let glyph = font
            .glyph_id(c)
            .with_scale_and_position(pixel_scale(font, em), point(pen, baseline));
        pen += advance(font, c);
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        let mut covered = Vec::new();
        outline.draw(|x, y, coverage| covered.push((x as i32 + corner.x as i32, y as i32 + corner.y as i32, coverage)));
        // Bold is the same outline once more, a pixel to the right.
        for shift in 0..=i32::from(*bold) {
            for (x, y, coverage) in &covered {
                area.draw_pixel((x + shift, *y), &rgb(*color).mix(f64::from(coverage.clamp(0.0, 1.0))))
                    .map_err(refused)?;
            }
        }
    }
    Ok(())
}

fn font_for(fonts: &[FontVec], c: char) -> Option<&FontVec> {
    fonts.iter().find(|font| font.glyph_id(c).0 != 0).or(fonts.first())
}

/// ab_glyph measures fonts by their line height; this is the scale that makes an em `em` pixels.
fn pixel_scale(font: &FontVec, em: f32) -> PxScale {
    PxScale::from(em * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
}
