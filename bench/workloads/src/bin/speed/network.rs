//! TCP over loopback: round trips of one byte, and a stream.
//!
//! The amount is the stream's size in MiB. Both ends are threads of this program, so the figures are of the kernel's
//! network stack: the host's for a process and, in a namespace of its own, a container; the guest's in a virtual machine.
//! `processor_time` counts both ends.

use crate::kernel::processor_time;
use crate::samples::Samples;
use crate::work::{Done, Metric, Request, Work, Workload};
use std::io::{Error, Read, Result as IoResult, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

pub const WORKLOAD: Workload = Workload {
    name: "network",
    counts: "MiB",
    usual: 128,
    prepare,
};

const ROUND_TRIPS: u64 = 1000;
const CHUNK: usize = 128 << 10;

fn prepare(request: Request) -> Result<Work, String> {
    let failed = |what: &'static str| move |error: Error| format!("cannot {what}: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed("listen on 127.0.0.1"))?;
    let address = listener.local_addr().map_err(failed("read a socket's address"))?;
    let bytes = request.amount << 20;
    let server = std::thread::Builder::new()
        .spawn(move || serve(listener, bytes))
        .map_err(failed("start a thread"))?;
    let mut client = TcpStream::connect(address).map_err(failed("connect to 127.0.0.1"))?;
    client.set_nodelay(true).map_err(failed("set TCP_NODELAY"))?;
    let mut samples = Samples::new(ROUND_TRIPS);
    Ok(Box::new(move || {
        let start = Instant::now();
        for _ in 0..ROUND_TRIPS {
            let answered = samples.time(1, || {
                client.write_all(&[1])?;
                client.read_exact(&mut [0])
            });
            answered.map_err(failed("make a round trip"))?;
        }
        let round_trips = start.elapsed();
        let processor_before = processor_time();
        let chunk = vec![7; CHUNK];
        for _ in 0..bytes / CHUNK as u64 {
            client.write_all(&chunk).map_err(failed("send"))?;
        }
        // The other end says what it has got.
        let mut received = [0; 8];
        client.read_exact(&mut received).map_err(failed("read the answer"))?;
        let elapsed = start.elapsed();
        let processor = processor_time().saturating_sub(processor_before);
        let served = server.join().map_err(|_| "the server's thread failed")?;
        served.map_err(failed("serve"))?;
        let seconds = (elapsed - round_trips).as_secs_f64();
        let mut metrics: Vec<Metric> = samples.in_us("round_trip").into();
        metrics.push(Metric::higher("stream", bytes as f64 * 8.0 / seconds / 1e9, "Gbit/s"));
        let per_gigabyte = processor.as_secs_f64() / (bytes as f64 / 1e9);
        metrics.push(Metric::lower("processor_time", per_gigabyte, "s/GB"));
        Ok(Done {
            ops: bytes,
            elapsed,
            checksum: u64::from_ne_bytes(received),
            metrics,
        })
    }))
}

/// Answers each byte of the round trips, then takes the stream and says how many bytes it was.
fn serve(listener: TcpListener, bytes: u64) -> IoResult<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    for _ in 0..ROUND_TRIPS {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        stream.write_all(&byte)?;
    }
    let mut chunk = vec![0; CHUNK];
    let mut received = 0_u64;
    while received < bytes {
        match stream.read(&mut chunk)? {
            0 => break,
            length => received += length as u64,
        }
    }
    stream.write_all(&received.to_ne_bytes())
}
