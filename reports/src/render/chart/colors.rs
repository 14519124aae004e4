//! Colours: one for each target and one for each part of a bar, the same in every chart.
//!
//! Both sets keep apart for people with any common colour vision. Those of parts also differ in lightness, so that a grey
//! print tells them apart. Every row and every part has its name beside it: colour is never alone.

use crate::model::Results;

/// A colour, as in SVG's `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Color(pub u8, pub u8, pub u8);

/// Text and axes.
pub(crate) const INK: Color = Color(0x1f, 0x23, 0x28);
/// Text that may be overlooked.
pub(crate) const MUTED: Color = Color(0x57, 0x60, 0x6a);
/// Lines behind the data.
pub(crate) const GRID: Color = Color(0xd8, 0xde, 0xe4);
/// The paper.
pub(crate) const PAPER: Color = Color(0xff, 0xff, 0xff);

/// What a part of a bar is. Start-up, memory and image use the same words and colours for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The program itself, which is the same on every target.
    Program,
    /// What isolates it: namespaces, the container runtime, the virtual machine monitor.
    Isolation,
    /// The guest's kernel, or the memory of the guest.
    GuestKernel,
    /// What the host's kernel keeps.
    HostKernel,
    /// Files beside the program.
    Files,
    /// Not told apart.
    Other,
}

impl Role {
    /// From dark to light.
    pub(crate) fn color(self) -> Color {
        match self {
            Role::Program => Color(0x37, 0x41, 0x51),
            Role::Isolation => Color(0x12, 0x78, 0x8a),
            Role::GuestKernel => Color(0xe0, 0x8a, 0x2c),
            Role::HostKernel => Color(0xdd, 0xcf, 0xa4),
            Role::Files => Color(0xa9, 0x6f, 0x9e),
            Role::Other => Color(0x9a, 0xa3, 0xad),
        }
    }
}

/// The targets that isolab itself has.
const KNOWN: [(&str, Color); 4] = [
    ("process", Color(0x6b, 0x72, 0x80)),
    ("container", Color(0x00, 0x72, 0xb2)),
    ("microvm", Color(0xd5, 0x5e, 0x00)),
    ("microvm-linux", Color(0x8a, 0x3b, 0x8f)),
];

/// Those of all others, in the order in which they first appear (Paul Tol, "Colour Schemes", 2021, muted).
const OTHERS: [Color; 8] = [
    Color(0x11, 0x77, 0x33),
    Color(0x56, 0xb4, 0xe9),
    Color(0xcc, 0x66, 0x77),
    Color(0x99, 0x99, 0x33),
    Color(0x33, 0x22, 0x88),
    Color(0x44, 0xaa, 0x99),
    Color(0xdd, 0xaa, 0x33),
    Color(0x88, 0x22, 0x55),
];

/// Which target has which colour, in all charts of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TargetColors(Vec<String>);

impl TargetColors {
    /// For all targets of these files.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = &'a Results>) -> TargetColors {
        let mut others: Vec<String> = Vec::new();
        for target in files.into_iter().flat_map(|file| &file.targets) {
            if !KNOWN.iter().any(|(name, _)| *name == target.name) && !others.contains(&target.name) {
                others.push(target.name.clone());
            }
        }
        TargetColors(others)
    }

    pub(crate) fn of(&self, target: &str) -> Color {
        if let Some((_, color)) = KNOWN.iter().find(|(name, _)| *name == target) {
            return *color;
        }
        let index = self.0.iter().position(|name| name == target).unwrap_or(0);
        let color = OTHERS[index % OTHERS.len()];
        // Where there are more, they are paler each time round.
        let pale = |part: u8| 255 - ((255 - part) as usize * 3 / (3 + index / OTHERS.len())) as u8;
        Color(pale(color.0), pale(color.1), pale(color.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: Color) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_has_a_contrast_of_at_least_four_and_a_half_on_the_paper() {
        for text in [INK, MUTED] {
            assert!(contrast(text, PAPER) >= 4.5, "{text:?}");
        }
    }

    #[test]
    fn parts_that_stand_beside_each_other_differ_in_a_grey_print() {
        let parts = [Role::Program, Role::Isolation, Role::GuestKernel, Role::HostKernel];
        for pair in parts.windows(2) {
            let found = contrast(pair[0].color(), pair[1].color());
            assert!(found >= 1.5, "{pair:?}: {found}");
        }
    }

    #[test]
    fn twelve_targets_have_twelve_colours_and_keep_them_whatever_stands_beside_them() {
        let mut results = Results::from_json(include_str!("../../../tests/fixtures/ten.json")).expect("a results file");
        let colors = TargetColors::new([&results]);
        let found: HashSet<Color> = results.targets.iter().map(|target| colors.of(&target.name)).collect();
        assert_eq!(found.len(), results.targets.len());
        let container = colors.of("container");
        results.targets.reverse();
        assert_eq!(TargetColors::new([&results]).of("container"), container);
        let more: HashSet<Color> = (0..12)
            .map(|index| {
                let names = (0..12).map(|number| format!("tool-{number}")).collect();
                TargetColors(names).of(&format!("tool-{index}"))
            })
            .collect();
        assert_eq!(more.len(), 12);
    }

    #[test]
    fn no_colour_is_both_a_target_s_and_a_part_s() {
        let roles = [
            Role::Program,
            Role::Isolation,
            Role::GuestKernel,
            Role::HostKernel,
            Role::Files,
            Role::Other,
        ];
        let targets = KNOWN.iter().map(|(_, color)| *color).chain(OTHERS);
        assert!(
            targets
                .into_iter()
                .all(|color| roles.iter().all(|role| role.color() != color))
        );
    }
}
