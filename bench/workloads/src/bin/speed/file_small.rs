//! Creates, looks up and removes many small files.
//!
//! It is about the file system's names, not its data. The amount counts hundred files, in memory unless a folder is named
//! (`file-small 10 /data`). Each is created with 100 bytes in it, looked up by its name (stat), and removed. In a container
//! each name is looked up in two layers of an overlay, unless in a volume; in a virtual machine by the guest's kernel
//! alone.

use crate::place::{Place, failed};
use crate::samples::Samples;
use crate::work::{Done, Request, Work, Workload};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "file-small",
    counts: "hundred files",
    usual: 10,
    prepare,
};

fn prepare(request: Request) -> Result<Work, String> {
    let place = Place::new(request.folder)?;
    let files = request.amount * 100;
    let paths: Vec<_> = (0..files)
        .map(|number| place.path().join(format!("file-{number}")))
        .collect();
    let [mut create, mut stat, mut unlink] = [(); 3].map(|()| Samples::new(files));
    Ok(Box::new(move || {
        let start = Instant::now();
        for path in &paths {
            create
                .time(1, || std::fs::write(path, [b'x'; 100]))
                .map_err(failed("create", path))?;
        }
        let mut bytes = 0;
        for path in &paths {
            let about = stat
                .time(1, || std::fs::metadata(path))
                .map_err(failed("look up", path))?;
            bytes += about.len();
        }
        for path in &paths {
            unlink
                .time(1, || std::fs::remove_file(path))
                .map_err(failed("remove", path))?;
        }
        let elapsed = start.elapsed();
        drop(place);
        let steps = [create.in_us("create"), stat.in_us("stat"), unlink.in_us("unlink")];
        Ok(Done {
            ops: files * 3,
            elapsed,
            checksum: bytes,
            metrics: steps.into_iter().flatten().collect(),
        })
    }))
}
