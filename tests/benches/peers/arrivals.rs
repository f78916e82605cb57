//! Metrics that have arrived at the receiver.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Arrivals {
    stream: BufReader<TcpStream>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    /// When the last one came, by [`crate::clock::now`].
    pub(crate) at: u64,
    pub(crate) metrics: u64,
}

impl Arrivals {
    pub(crate) fn connect(control: SocketAddr) -> Self {
        let stream = TcpStream::connect(control).expect("the receiver listens");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Forgets what has arrived.
    pub(crate) fn reset(&mut self) {
        self.ask("reset");
    }

    /// Waits until this many metrics have arrived, or none for longer than any client's flush interval.
    pub(crate) fn wait(&mut self, metrics: usize) -> Arrived {
        let numbers = self.ask(&format!("wait {metrics} {}", TIMEOUT.as_nanos()));
        Arrived {
            at: numbers[0],
            metrics: numbers[1],
        }
    }

    /// Each payload: when it came, and how many metrics had come with it.
    pub(crate) fn log(&mut self) -> Vec<Arrived> {
        let numbers = self.ask("log");
        numbers
            .chunks_exact(2)
            .map(|pair| Arrived {
                at: pair[0],
                metrics: pair[1],
            })
            .collect()
    }

    fn ask(&mut self, question: &str) -> Vec<u64> {
        let question = format!("{question}\n");
        let asked = self.stream.get_mut().write_all(question.as_bytes());
        asked.expect("the receiver outlives its subjects");
        let mut answer = String::new();
        let answered = self.stream.read_line(&mut answer);
        answered.expect("the receiver outlives its subjects");
        let numbers = answer.split_whitespace().map(str::parse);
        numbers
            .collect::<Result<_, _>>()
            .expect("it answers in numbers")
    }
}

/// All flush every 100 ms.
const TIMEOUT: Duration = Duration::from_millis(500);
