//! A server's process.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tests::timeout::eventually;

use crate::folder::Folder;

/// A process that can be started again and again. It ends when it is dropped.
pub(crate) struct Process {
    command: Command,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// Raises its priority, where that is allowed: in production, a server under this load has a
    /// machine of its own.
    pub(crate) fn new(program: impl AsRef<Path>, folder: &Folder) -> Self {
        let log = folder.join("log");
        let output = File::create(&log).expect("there is room for temporary files");
        let errors = output.try_clone().expect("the system has files enough");
        let mut command = Command::new("nice");
        command.args(["-n", "-10"]).arg(program.as_ref());
        command.stdout(output).stderr(errors);
        Self {
            command,
            log,
            child: None,
        }
    }

    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    pub(crate) fn start(&mut self) {
        self.kill();
        let child = self.command.spawn().expect("the program is installed");
        self.child = Some(child);
    }

    /// Lets it do nothing more.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // They fail where it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(&mut self) {
        if let Some(child) = &mut self.child {
            let id = child.id().to_string();
            let status = Command::new("kill").args(["-s", "TERM", &id]).status();
            assert!(
                status.is_ok_and(|status| status.success()),
                "it ended early"
            );
            eventually("the end of the server", || {
                child.try_wait().is_ok_and(|status| status.is_some())
            });
        }
    }

    /// Text that it has printed in all its runs.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last of it.
    pub(crate) fn end_of_log(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            let len = file.metadata()?.len();
            file.seek(SeekFrom::Start(len.saturating_sub(4096)))?;
            file.read_to_end(&mut bytes)
        });
        read.expect("the file is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_none()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
