//! Sizes as people write them.

use crate::error::Error;
use reports::model::Message;

/// A number of bytes with an optional binary unit: `4096`, `64K`, `128M`, `128MiB`, `1.5G`.
pub fn size(text: &str) -> Result<u64, Error> {
    let too_large = || Error::of_text("number-too-large", text);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1_u64 << 30,
        "t" | "tib" => 1_u64 << 40,
        unit => {
            return Err(Error::new(
                Message::new("no-unit").with("text", text).with("unit", unit),
            ));
        }
    };
    let is_decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| text.parse::<u64>().map_err(|_| too_large());
    match digits.split_once('.') {
        None if is_decimal(digits) => number(digits)?.checked_mul(factor).ok_or_else(too_large),
        // A fraction of a unit, in whole bytes.
        Some((whole, fraction)) if factor > 1 && is_decimal(whole) && is_decimal(fraction) && fraction.len() <= 6 => {
            let part = number(fraction)? * factor / 10_u64.pow(fraction.len() as u32);
            let whole = number(whole)?.checked_mul(factor);
            whole.and_then(|whole| whole.checked_add(part)).ok_or_else(too_large)
        }
        _ => Err(Error::of_text("no-size", text)),
    }
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
        assert_eq!(size("1T"), Ok(1 << 40));
        assert_eq!(size("1.5G"), Ok(3 << 29));
        assert_eq!(size("0.25k"), Ok(256));
        for wrong in [
            "",
            "M",
            "-1M",
            "1X",
            "1.5",
            ".5G",
            "1.G",
            "1.2.3G",
            "1.0000001G",
            "99999999999G",
            "1 G",
            "é",
        ] {
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
