//! A scene as a PNG file, painted by plotters. Glyphs are drawn here, since plotters' own text needs one font for all characters
//! and places them without their side bearings.

use super::ChartError;
use super::colors::Color;
use super::fonts::Fonts;
use super::scene::{Anchor, Scene, Shape};
use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle};
use plotters::style::{Color as _, RGBColor};
use std::collections::BTreeSet;
use std::fmt::Display;

type Area<DB> = DrawingArea<DB, Shift>;

fn refused(error: impl Display) -> ChartError {
    ChartError::Draw(error.to_string())
}

/// The scene as a PNG file of `scale` pixels for each of the scene's.
pub(super) fn file(scene: &Scene, fonts: &Fonts, scale: i32) -> Result<Vec<u8>, ChartError> {
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
    let (width, height) = ((scene.width * scale) as u32, (scene.height * scale) as u32);
    let mut pixels = vec![255; (width * height * 3) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        for shape in &scene.shapes {
            match shape {
                Shape::Text { .. } => paint_glyphs(&area, shape, &fonts, scale)?,
                shape => paint_figure(&area, shape, scale)?,
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
fn paint_glyphs<DB: DrawingBackend>(
    area: &Area<DB>,
    shape: &Shape,
    fonts: &[FontVec],
    scale: i32,
) -> Result<(), ChartError> {
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
    let em = (size * scale) as f32;
    let glyphs: Vec<_> = text.chars().filter_map(|c| Some((font_for(fonts, c)?, c))).collect();
    let advance = |font: &FontVec, c: char| font.as_scaled(pixel_scale(font, em)).h_advance(font.glyph_id(c));
    let width: f32 = glyphs.iter().map(|(font, c)| advance(font, *c)).sum();
    let start = match anchor {
        Anchor::Left => 0.0,
        Anchor::Center => -width / 2.0,
        Anchor::Right => -width,
    };
    let mut pen = (x * scale) as f32 + start;
    // Capitals and digits are about 0.72 em high: half of that below the middle is the baseline.
    let baseline = (middle * scale) as f32 + 0.36 * em;
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
