//! Runs seeds: `limitr-sim [count] [first] [threads]`, or the one that `SEED` names, with its trace.

use std::process::ExitCode;

use limitr_sim::{play, play_all};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)] // a program for people
fn main() -> ExitCode {
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    let result = match number(std::env::var("SEED").ok()) {
        Some(seed) => play(seed, None, true).map(|report| (1, report)),
        None => {
            let mut arguments = std::env::args().skip(1);
            let count = number(arguments.next()).unwrap_or(20_000);
            let first = number(arguments.next()).unwrap_or(0);
            let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
            let threads = number(arguments.next()).unwrap_or(cores);
            play_all(first, count, None, threads).map(|report| (count, report))
        }
    };
    match result {
        Ok((count, report)) => {
            println!("{count} seeds, {} events, {} calls that ran: nothing found", report.steps, report.ran);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
