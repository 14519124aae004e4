//! Fonts for PNG text: files of this system that cover what is to be written.

use ab_glyph::{Font, FontVec};
use fontdb::{Database, Style};
use std::collections::BTreeSet;

/// Families that are made for reading figures on a screen, the best first; Korean ones follow the Latin ones.
const PREFERRED: [&str; 10] = [
    "Noto Sans",
    "DejaVu Sans",
    "Liberation Sans",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Nanum Gothic",
    "Baekmuk Gulim",
    "UnDotum",
    "Droid Sans Fallback",
];

/// The fonts to write a PNG's text with.
pub struct Fonts {
    database: Database,
}

impl Fonts {
    /// The fonts in this system's font folders. Reads their headers only.
    pub fn of_system() -> Fonts {
        let mut database = Database::new();
        database.load_system_fonts();
        Fonts { database }
    }

    /// The fonts below one folder; none where there is no such folder.
    pub fn in_folder(folder: &std::path::Path) -> Fonts {
        let mut database = Database::new();
        database.load_fonts_dir(folder);
        Fonts { database }
    }

    /// Whether there is no font at all.
    pub fn is_empty(&self) -> bool {
        self.database.is_empty()
    }

    /// As few fonts as cover the characters, and the characters that remain without one.
    pub(crate) fn covering(&self, needed: &BTreeSet<char>) -> (Vec<FontVec>, BTreeSet<char>) {
        let mut missing = needed.clone();
        let mut chosen = Vec::new();
        for id in self.by_preference() {
            if missing.is_empty() {
                break;
            }
            let load = |data: &[u8], index| FontVec::try_from_vec_and_index(data.to_vec(), index).ok();
            let covers = |data: &[u8], index| {
                let font = ab_glyph::FontRef::try_from_slice_and_index(data, index).ok()?;
                missing.iter().any(|c| has(&font, *c)).then_some(())
            };
            if self.database.with_face_data(id, covers).flatten().is_none() {
                continue;
            }
            if let Some(font) = self.database.with_face_data(id, load).flatten() {
                missing.retain(|c| !has(&font, *c));
                chosen.push(font);
            }
        }
        (chosen, missing)
    }

    /// Upright fonts of normal weight, in an order that does not depend on the order of files in folders.
    fn by_preference(&self) -> Vec<fontdb::ID> {
        let mut faces: Vec<_> = self
            .database
            .faces()
            .filter(|face| face.style == Style::Normal)
            .collect();
        faces.sort_by_key(|face| {
            let family = face.families.first().map_or("", |(name, _)| name.as_str());
            let rank = PREFERRED
                .iter()
                .position(|preferred| *preferred == family)
                .unwrap_or(PREFERRED.len());
            // Emoji and symbol fonts cover digits too, with pictures.
            let pictures = family.contains("Emoji") || family.contains("Symbol");
            let weight = face.weight.0.abs_diff(400);
            let stretch = face.stretch.to_number().abs_diff(5);
            (
                pictures,
                rank,
                weight,
                stretch,
                face.monospaced,
                face.post_script_name.clone(),
                face.index,
            )
        });
        faces.into_iter().map(|face| face.id).collect()
    }
}

/// Glyph 0 is the empty box that stands for what a font lacks.
fn has(font: &impl Font, c: char) -> bool {
    font.glyph_id(c).0 != 0
}
