//! Lists of CPUs as the kernel and people write them: `0`, `2,3`, `0-3,8` (cpuset(7), "List format").

use crate::error::Error;

/// More CPUs than any kernel has (CONFIG_NR_CPUS).
const MOST: u32 = 8192;

/// The CPUs of a list, in the order in which they are written.
pub fn parse(text: &str) -> Result<Vec<u32>, Error> {
    let mut cpus = Vec::new();
    for part in text.trim().split(',') {
        let number = |text: &str| {
            let number = text.parse::<u32>().ok().filter(|cpu| *cpu < MOST);
            number.ok_or_else(|| Error::of_text("no-cpu-number", text))
        };
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(Error::of_text("cpus-backwards", part));
        }
        for cpu in first..=last {
            if cpus.contains(&cpu) {
                return Err(Error::of_text("cpu-twice", cpu.to_string()));
            }
            cpus.push(cpu);
        }
    }
    Ok(cpus)
}

/// A list in its shortest form: `0-3,8`.
pub fn format(cpus: &[u32]) -> String {
    let mut cpus = cpus.to_vec();
    cpus.sort_unstable();
    let runs = cpus.chunk_by(|left, right| left + 1 == *right);
    let written = runs.map(|run| match run {
        [one] => one.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    written.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_names_cpus_and_ranges_in_their_order() {
        assert_eq!(parse("1"), Ok(vec![1]));
        assert_eq!(parse("3,2\n"), Ok(vec![3, 2]));
        assert_eq!(parse("0-3,8"), Ok(vec![0, 1, 2, 3, 8]));
        for wrong in [
            "",
            "x",
            "-1",
            "1-",
            "3-1",
            "1,1",
            "0-2,1",
            "1,,2",
            "0-4294967295",
            "1.5",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_written_with_ranges() {
        assert_eq!(format(&[8, 0, 1, 2, 3]), "0-3,8");
        assert_eq!(format(&[]), "");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(cpus in proptest::collection::btree_set(0..MOST, 1..20)) {
            let cpus: Vec<u32> = cpus.into_iter().collect();
            prop_assert_eq!(parse(&format(&cpus)), Ok(cpus));
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "[0-9,-]{0,12}|\\PC{0,8}") {
            let _ = parse(&text);
        }
    }
}
