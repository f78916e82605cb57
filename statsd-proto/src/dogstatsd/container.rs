//! Detection of the container of this process on Linux, in the files that Datadog's clients read.

/// Identity by which the agent finds the sender's container.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Container {
    Id(String),
    /// Inode of the container's cgroup.
    Inode(u64),
}

impl Container {
    /// Detects the container from files. `read` returns the text of a file, `inode` its inode.
    pub(crate) fn detect(
        read: impl Fn(&str) -> Option<String>,
        inode: impl Fn(&str) -> Option<u64>,
    ) -> Option<Self> {
        let cgroup = read("/proc/self/cgroup").unwrap_or_default();
        let id = id_in_cgroup(&cgroup).map(str::to_owned);
        let id = id.or_else(|| id_in_mountinfo(&read("/proc/self/mountinfo")?).map(str::to_owned));
        if let Some(id) = id {
            return Some(Self::Id(id));
        }
        // In the cgroup namespace of the host, a container's ID would have been found. The process is in no container.
        if inode("/proc/self/ns/cgroup") == Some(HOST_NAMESPACE) {
            return None;
        }
        let inodes = cgroup_folders(&cgroup)
            .into_iter()
            .filter_map(|path| inode(&path));
        // Inode 0 means none, 1 is the root of all cgroups, and 2 is the root of other file systems.
        inodes.filter(|inode| *inode > 2).map(Self::Inode).next()
    }
}

/// ID at the end of a path in the text of `/proc/self/cgroup`. In a cgroup namespace of its own, as containers have
/// with cgroup version 2, a process sees no ID there.
fn id_in_cgroup(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let path = path_of(line)?.1;
        id_at_end(path.strip_suffix(".scope").unwrap_or(path))
    })
}

/// ID in the path that a container's `/etc/hostname` is mounted from, in the text of `/proc/self/mountinfo`. The ID of
/// a sandbox, which the containers of a pod share, is ignored.
fn id_in_mountinfo(text: &str) -> Option<&str> {
    let fields = text.lines().flat_map(|line| line.rsplit([' ', '\t']));
    fields.into_iter().find_map(|field| {
        let (path, _) = field.rsplit_once("hostname")?;
        let mut folders = path.rsplit('/').skip(1).peekable();
        while let Some(folder) = folders.next() {
            let is_in_folder = folders.peek().is_some_and(|parent| !parent.is_empty());
            if is_in_folder && id_at_end(folder) == Some(folder) {
                return (folders.peek() != Some(&"sandboxes")).then_some(folder);
            }
        }
        None
    })
}

/// Directories of this process's cgroup, from its lines in `/proc/self/cgroup`: the memory controller of version 1,
/// then version 2.
fn cgroup_folders(text: &str) -> Vec<String> {
    let folder = |controller: &str| {
        let mut lines = text.lines().filter_map(path_of);
        let (_, path) = lines.find(|(known, _)| *known == controller)?;
        let folder = match controller {
            "" => MOUNT.to_owned(),
            controller => format!("{MOUNT}/{controller}"),
        };
        // A path above the root of the namespace belongs to another cgroup.
        let is_below = !path.split('/').any(|part| part == "..");
        is_below.then(|| format!("{folder}{}", path.trim_end_matches('/')))
    };
    ["memory", ""].into_iter().filter_map(folder).collect()
}

/// Controllers and path of a line `hierarchy:controllers:path`.
fn path_of(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(':')?;
    rest.split_once(':')
}

/// ID at the end of a path: 64 hex digits (Docker, containerd), a UUID, an ID of Garden, or 32 hex digits and a number
/// (an ECS task).
fn id_at_end(path: &str) -> Option<&str> {
    let end_of = |len| path.get(path.len().checked_sub(len)?..);
    let container = end_of(64).filter(|id| id.bytes().all(is_hex));
    let grouped = |len| end_of(len).filter(|id| is_grouped(id));
    let task = || {
        let digits = path.bytes().rev().take_while(u8::is_ascii_digit).count();
        end_of(32 + 1 + digits).filter(|id| {
            let (hex, number) = id.as_bytes().split_at(32);
            digits > 0 && number[0] == b'-' && hex.iter().copied().all(is_hex)
        })
    };
    container
        .or_else(|| grouped(UUID))
        .or_else(|| grouped(GARDEN))
        .or_else(task)
}

fn is_grouped(id: &str) -> bool {
    id.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => matches!(byte, b'-' | b'_'),
        _ => is_hex(byte),
    })
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Inode of `/proc/self/ns/cgroup` in the initial namespace of Linux (`include/linux/proc_ns.h`).
const HOST_NAMESPACE: u64 = 0xEFFF_FFFB;

const MOUNT: &str = "/sys/fs/cgroup";

/// Length of a UUID: groups of 8, 4, 4, 4 and 12 digits.
const UUID: usize = 36;

/// Length of Garden's ID: groups of 8, 4, 4, 4 and 4 digits.
const GARDEN: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860";
    const OTHER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const TASK: &str = "34dc0b5e626f2c5c4c5170e34b10e765-1234567890";
    const UUID: &str = "34dc0b5e-626f-2c5c-4c51-70e34b10e765";
    const GARDEN: &str = "7d5f1b3c-0a2e-4c6d-5b9f-1e2d";

    #[test]
    fn an_id_is_found_at_the_end_of_a_path() {
        for (text, id) in [
            (format!("13:name=systemd:/docker/{ID}\n"), Some(ID)),
            (format!("12:pids:/docker/{ID}"), Some(ID)),
            (
                format!("1:name=systemd:/kubepods/besteffort/pod3d274242/{ID}\n"),
                Some(ID),
            ),
            (format!("9:perf_event:/ecs/task/{ID}\n"), Some(ID)),
            (format!("0::/system.slice/docker-{ID}.scope\n"), Some(ID)),
            (format!("a:b:/{ID}:{ID}\r\n"), Some(ID)),
            (
                format!("11:blkio:/ecs/55091c13-b8cf-4801-b527-f4601742204d/{TASK}\n"),
                Some(TASK),
            ),
            (format!("1:name=systemd:/{UUID}\n"), Some(UUID)),
            (format!("1:name=systemd:/garden/{GARDEN}\n"), Some(GARDEN)),
            (
                format!("1:name=systemd:/uuid/{}.scope", UUID.replace('-', "_")),
                Some("34dc0b5e_626f_2c5c_4c51_70e34b10e765"),
            ),
            (format!("nothing\n0::/\n5:cpu:/a/{ID}\n"), Some(ID)),
            (format!("5:cpu:/first/{UUID}\n5:cpu:/{ID}\n"), Some(UUID)),
        ] {
            assert_eq!(id_in_cgroup(&text), id, "{text}");
        }
    }

    #[test]
    fn other_text_has_no_id() {
        for text in [
            String::new(),
            "0::/\n".into(),
            "12:memory:/user.slice/user-1000.slice/session-1.scope\n".into(),
            format!("/docker/{ID}\n"),
            format!("1:{ID}\n"),
            format!("1:a:/docker/{ID}/more\n"),
            format!("1:a:/docker/{}\n", &ID[1..]),
            format!("1:a:/docker/{}\n", ID.to_uppercase()),
            format!("1:a:/{}-\n", &ID[..32]),
            format!("1:a:/{}-1\n", &ID[..31]),
            format!("1:a:/\u{e9}{}\n", &ID[1..]),
        ] {
            assert_eq!(id_in_cgroup(&text), None, "{text:?}");
        }
    }

    #[test]
    fn an_id_is_found_where_the_host_s_name_is_mounted_from() {
        let mount = |from: &str| {
            format!("608 554 0:42 {from} /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n")
        };
        let docker = format!("/var/lib/docker/containers/{ID}/hostname");
        let sandbox = format!("/io.containerd.grpc.v1.cri/sandboxes/{OTHER}/hostname");
        for (text, id) in [
            (mount(&docker), Some(ID)),
            (
                mount(&format!("/containers/{ID}/userdata/hostname")),
                Some(ID),
            ),
            (mount(&format!("/ecs/{TASK}/hostname")), Some(TASK)),
            (mount(&format!("/a/{OTHER}/b/{ID}/etc-hostname")), Some(ID)),
            (mount(&sandbox), None),
            (mount(&sandbox) + &mount(&docker), Some(ID)),
            (mount(&format!("/{ID}/hostname")), None),
            (mount(&format!("/docker/x{ID}/hostname")), None),
            (mount(&format!("/docker/{ID}/resolv.conf")), None),
            (mount("/"), None),
            (String::new(), None),
        ] {
            assert_eq!(id_in_mountinfo(&text), id, "{text}");
        }
    }

    /// Detects from the files that a process sees.
    fn detect(cgroup: &str, mountinfo: &str, inodes: &[(&str, u64)]) -> Option<Container> {
        let read = |path: &str| match path {
            "/proc/self/cgroup" => Some(cgroup.to_owned()),
            "/proc/self/mountinfo" => Some(mountinfo.to_owned()),
            path => panic!("{path} has nothing to do with it"),
        };
        let find = |path: &str| inodes.iter().find(|(known, _)| *known == path);
        Container::detect(read, |path| find(path).map(|(_, inode)| *inode))
    }

    #[test]
    fn an_id_wins_over_the_inode() {
        let mountinfo = format!("1 2 0:4 /docker/{OTHER}/hostname /etc/hostname rw\n");
        let inodes = [("/sys/fs/cgroup", 77)];
        let cgroup = format!("0::/docker/{ID}\n");
        let found = detect(&cgroup, &mountinfo, &inodes);
        assert_eq!(found, Some(Container::Id(ID.into())));
        let found = detect("0::/\n", &mountinfo, &inodes);
        assert_eq!(found, Some(Container::Id(OTHER.into())));
    }

    #[test]
    fn the_inode_is_that_of_the_process_s_own_cgroup() {
        let two = [("/sys/fs/cgroup", 77), ("/sys/fs/cgroup/memory", 88)];
        let deeper = [("/sys/fs/cgroup", 1), ("/sys/fs/cgroup/memory/a/b", 99)];
        for (cgroup, inodes, found) in [
            ("0::/\n", &two[..], Some(77)),
            ("4:memory:/\n0::/\n", &two, Some(88)),
            ("4:cpu:/\n", &two, None),
            ("4:memory:/a/b\n", &deeper, Some(99)),
            ("4:memory:/gone\n0::/\n", &two, Some(77)),
            ("0::/../../other\n", &two, None),
            ("", &two, None),
        ] {
            let found = found.map(Container::Inode);
            assert_eq!(detect(cgroup, "", inodes), found, "{cgroup}");
        }
    }

    #[test]
    fn outside_of_containers_no_inode_is_sent() {
        for inode in [0, 1, 2] {
            assert_eq!(detect("0::/\n", "", &[("/sys/fs/cgroup", inode)]), None);
        }
        let host = ("/proc/self/ns/cgroup", 0xEFFF_FFFB);
        let root = ("/sys/fs/cgroup/user.slice", 4711);
        assert_eq!(detect("0::/user.slice\n", "", &[host, root]), None);
        let own = ("/proc/self/ns/cgroup", 4_026_532_999);
        let found = detect("0::/user.slice\n", "", &[own, root]);
        assert_eq!(found, Some(Container::Inode(4711)));
        assert_eq!(Container::detect(|_| None, |_| None), None);
    }
}
