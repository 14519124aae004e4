//! A part of a suite, for several machines or jobs that share the work: every N-th comparison, beginning with the I-th.

use crate::error::Error;
use std::str::FromStr;

/// The I-th of N parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Counts from 1.
    number: usize,
    count: usize,
}

/// More than any cluster has jobs in an array.
const MOST: usize = 1_000_000;

impl Shard {
    fn new(number: usize, count: usize) -> Result<Self, Error> {
        match (1..=MOST).contains(&count) && (1..=count).contains(&number) {
            true => Ok(Shard { number, count }),
            false => Err(Error::new(format!("there is no shard {number} of {count}"))
                .remedy("Shards are numbered from 1: with three, 1/3, 2/3 and 3/3.")),
        }
    }

    /// The shard that this job is to run, from what a Slurm job array or an Indexed Job of Kubernetes tells it. The latter tells
    /// no count: ISOLAB_SHARDS must hold it.
    ///
    /// # Errors
    /// Where neither tells anything, and where it is no shard.
    pub fn of_job(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let number = |name: &str| -> Result<Option<usize>, Error> {
            let parsed = variable(name).map(|text| text.parse().map_err(|_| (name, text)));
            parsed
                .transpose()
                .map_err(|(name, text)| Error::new(format!("{name} is {text:?}, and not a number")))
        };
        if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.filter(|step| *step > 0).unwrap_or(1);
            let count = number("SLURM_ARRAY_TASK_COUNT")?.unwrap_or(0);
            let place = id.checked_sub(first).map_or(usize::MAX, |above| above / step);
            return Shard::new(place.saturating_add(1), count);
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let count = number("ISOLAB_SHARDS")?.ok_or_else(|| {
                Error::new("JOB_COMPLETION_INDEX is set, and ISOLAB_SHARDS, the number of shards, is not")
                    .remedy("Set ISOLAB_SHARDS to the Job's completions, as bench/fleet/kubernetes.yaml does.")
            })?;
            return Shard::new(index.saturating_add(1), count);
        }
        Err(
            Error::new("--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set here")
                .remedy("It is for jobs of a Slurm array or of an Indexed Job of Kubernetes. Elsewhere name the shard: --shard 1/3."),
        )
    }

    /// The steps of a suite that belong to it.
    pub fn of<T>(self, steps: Vec<T>) -> Vec<T> {
        steps.into_iter().skip(self.number - 1).step_by(self.count).collect()
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "auto" {
            return Shard::of_job(|name| std::env::var(name).ok());
        }
        let parsed = text
            .split_once('/')
            .and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        let (number, count) = parsed.ok_or_else(|| Error::new(format!("{text:?} is no shard, such as 1/3")))?;
        Shard::new(number, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job(variables: &[(&str, &str)]) -> Result<Shard, Error> {
        Shard::of_job(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_shards_together_are_every_step_once() {
        for count in 1..9 {
            let shards = (1..=count).flat_map(|number| Shard { number, count }.of((0..7).collect()));
            let mut all: Vec<i32> = shards.collect();
            all.sort_unstable();
            assert_eq!(all, (0..7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_job_of_an_array_finds_its_shard() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "9"),
            ("SLURM_ARRAY_TASK_MIN", "5"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(job(&slurm), Ok(Shard { number: 3, count: 4 }));
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("ISOLAB_SHARDS", "2")];
        assert_eq!(job(&kubernetes), Ok(Shard { number: 1, count: 2 }));
    }

    #[test]
    fn what_a_job_lacks_is_named() {
        assert!(job(&[]).unwrap_err().to_string().contains("--shard 1/3"));
        assert!(
            job(&[("JOB_COMPLETION_INDEX", "0")])
                .unwrap_err()
                .to_string()
                .contains("ISOLAB_SHARDS")
        );
        assert!(
            job(&[("SLURM_ARRAY_TASK_ID", "x")])
                .unwrap_err()
                .to_string()
                .contains("SLURM_ARRAY_TASK_ID")
        );
        for wrong in ["0/3", "4/3", "1/0", "3", "a/b", "-1/2", "1/99999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[0-9/]{0,24}|\\PC{0,8}") {
            let _ = text.parse::<Shard>().map(|shard| shard.of(vec![0; 5]));
        }
    }
}
