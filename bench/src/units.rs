//! Sizes as people write them.

/// A number of bytes with an optional binary unit: `4096`, `64K`, `128M`, `128MiB`, `1G`.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1_u64 << 30,
        unit => {
            return Err(format!(
                "{unit:?} is no unit; K, M and G are (binary: 1K is 1024 bytes)"
            ));
        }
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{digits:?} is not a whole number"))?;
    number.checked_mul(factor).ok_or_else(|| "it is too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_binary_and_their_units_are_named() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("64k"), Ok(65_536));
        assert_eq!(size("128M"), Ok(134_217_728));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        for wrong in ["", "M", "-1M", "1T", "1.5G", "99999999999G", "1 G", "é"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,12}") {
            let _ = size(&text);
        }
    }
}
