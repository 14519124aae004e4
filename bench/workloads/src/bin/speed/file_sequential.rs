//! Writes a large file, brings it to the disk and reads it back.
//!
//! Streams through the file system. The amount is its size in MiB. It is in memory unless a folder is named (`file-
//! sequential 32 /data`). `read_cached` comes from the page cache; before `read_dropped`, the pages are dropped, so that it
//! comes from the disk, or for a virtual machine from the host's page cache; a file system in memory drops nothing. A
//! container uses the host's file system, through an overlay unless in a volume; a virtual machine has its own, on a disk
//! that its hypervisor plays.

use crate::kernel;
use crate::place::{Place, failed};
use crate::work::{Done, Metric, Request, Work, Workload};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

pub const WORKLOAD: Workload = Workload {
    name: "file-sequential",
    counts: "MiB",
    usual: 32,
    prepare,
};

const CHUNK: usize = 1 << 20;

fn prepare(request: Request) -> Result<Work, String> {
    let place = Place::new(request.folder)?;
    let chunk: Vec<u8> = (0..CHUNK).map(|index| (index % 251) as u8).collect();
    Ok(Box::new(move || {
        let path = place.path().join("file");
        let start = Instant::now();
        let mut file = File::create(&path).map_err(failed("create", &path))?;
        for _ in 0..request.amount {
            file.write_all(&chunk).map_err(failed("write to", &path))?;
        }
        let written = start.elapsed();
        file.sync_all().map_err(failed("fsync", &path))?;
        let synced = start.elapsed() - written;
        let (cached, checksum) = read(&path)?;
        kernel::drop_cached(&file);
        let (dropped, _) = read(&path)?;
        let elapsed = start.elapsed();
        let bytes = request.amount * CHUNK as u64;
        let rate = |name, time: Duration| Metric::higher(name, bytes as f64 / time.as_secs_f64() / 1e9, "GB/s");
        Ok(Done {
            ops: bytes * 3,
            elapsed,
            checksum,
            metrics: vec![
                rate("write", written),
                Metric::lower("fsync", synced.as_secs_f64() * 1e3, "ms"),
                rate("read_cached", cached),
                rate("read_dropped", dropped),
            ],
        })
    }))
}

fn read(path: &Path) -> Result<(Duration, u64), String> {
    let mut chunk = vec![0; CHUNK];
    let mut sum = 0_u64;
    let began = Instant::now();
    let mut file = File::open(path).map_err(failed("open", path))?;
    loop {
        let length = file.read(&mut chunk).map_err(failed("read", path))?;
        if length == 0 {
            return Ok((began.elapsed(), sum));
        }
        sum += chunk[..length]
            .iter()
            .step_by(4096)
            .map(|byte| u64::from(*byte))
            .sum::<u64>();
    }
}
