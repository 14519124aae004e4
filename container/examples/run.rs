//! Runs a static program in a container: `run LAYER PROGRAM [ARGS…]`; prints each step of the start to stderr.

use std::process::exit;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let (Some(layer), Some(program)) = (args.next(), args.next()) else {
        eprintln!("usage: run LAYER PROGRAM [ARGS…]");
        exit(2);
    };
    let mut spec = container::Spec::new(vec![layer.into()], program);
    spec.args = args.collect();
    spec.limits = container::Limits {
        memory_bytes: Some(256 << 20),
        cpus: Some(1.0),
        pids: Some(64),
        ..container::Limits::default()
    };
    let status = container::start(&spec).and_then(|mut instance| {
        let status = instance.wait()?;
        for step in instance.explain() {
            let (began, cost) = (step.began_ns as f64 / 1e3, step.cost_ns as f64 / 1e3);
            eprintln!(
                "{began:8.1} µs {cost:8.1} µs  {:8} {:28} {}",
                step.by, step.name, step.call
            );
        }
        instance.remove()?;
        Ok(status.code())
    });
    match status {
        Ok(code) => exit(code.into()),
        Err(error) => {
            eprintln!("run: {error}");
            exit(error.exit_code().into());
        }
    }
}
