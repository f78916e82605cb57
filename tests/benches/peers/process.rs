//! This program, started again in another role.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};

use crate::figures::Figures;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The receiver, which ends when this is dropped.
pub(crate) struct Receiver {
    process: Child,
    /// Where it listens, as arguments of a run.
    addresses: Vec<String>,
}

impl Receiver {
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg("--receive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("the output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let addresses = line.split_whitespace().map(str::to_owned).collect();
        Ok(Self { process, addresses })
    }

    /// Runs a subject, given by its place in the list as the workload is.
    pub(crate) fn run(&self, subject: usize, workload: usize, metrics: usize) -> Result<Figures> {
        let command = Command::new(env::current_exe()?);
        self.finish(command, subject, workload, metrics)
    }

    /// How many system calls all threads of a subject make for 1000 metrics; none without a tracer.
    pub(crate) fn syscalls(
        &self,
        subject: usize,
        workload: usize,
        metrics: usize,
    ) -> Result<Option<f64>> {
        let mut counts = [0.0; 2];
        for (count, metrics) in counts.iter_mut().zip([metrics, 2 * metrics]) {
            let file = env::temp_dir().join(format!("peers-{}.strace", std::process::id()));
            let mut command = Command::new("strace");
            command.args(["-f", "-c", "-o"]).arg(&file);
            command.arg(env::current_exe()?);
            match self.finish(command, subject, workload, metrics) {
                Err(error) if is_missing(&*error) => return Ok(None),
                result => result?,
            };
            *count = total(&fs::read_to_string(&file)?)?;
            fs::remove_file(file)?;
        }
        // Both counts include the start and the end of a process.
        Ok(Some((counts[1] - counts[0]) / metrics as f64 * 1000.0))
    }

    fn finish(
        &self,
        mut command: Command,
        subject: usize,
        workload: usize,
        metrics: usize,
    ) -> Result<Figures> {
        let output = command
            .arg("--run")
            .args([subject, workload, metrics].map(|number| number.to_string()))
            .args(&self.addresses)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("a subject failed: {}", output.status).into());
        }
        let stdout = String::from_utf8(output.stdout)?;
        // Subjects print what they cannot do.
        let figures = stdout.lines().next_back().unwrap_or_default();
        Ok(figures.parse()?)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// How often each subject allocates for a count and for one with tags, by its name.
pub(crate) fn allocations() -> Result<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--quiet", "-p", "tests", "--bench", "allocations"])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the allocations cannot be counted: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn is_missing(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The last line is `100.00 SECONDS MICROSECONDS CALLS [ERRORS] total`.
fn total(summary: &str) -> Result<f64> {
    let line = summary.lines().rfind(|line| line.ends_with("total"));
    let calls = line.and_then(|line| line.split_whitespace().nth(3));
    Ok(calls.ok_or("strace counted nothing")?.parse()?)
}
