//! A server's process.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};

use tests::patience::eventually;

use crate::folder::Folder;

/// A process that can be started again and again. It ends when it is dropped.
pub(crate) struct Process {
    command: Command,
    child: Option<Child>,
}

impl Process {
    /// One that writes what it prints to the file `log`. It goes before what else the machine does, where
    /// it may: a server of which the test asks much has a machine of its own.
    pub(crate) fn new(program: impl AsRef<Path>, folder: &Folder) -> Self {
        let mut command = Command::new("nice");
        command.args(["-n", "-10"]).arg(program.as_ref());
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("there is room for temporary files");
        let errors = log.try_clone().expect("the system has files enough");
        command.stdout(log).stderr(errors);
        Self {
            command,
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
