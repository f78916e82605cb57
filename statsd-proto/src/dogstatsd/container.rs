//! A container's ID, found where Linux has it.

/// Finds the ID of this process's container in the text of `/proc/self/cgroup`: the 64 digits of Docker
/// and containerd, the 32 digits and a number of an ECS task, or a UUID.
///
/// In a cgroup namespace of its own, as containers have with version 2 of cgroups, the text has none;
/// there the agent finds the container by [`Config::cgroup_inode`](crate::Config::cgroup_inode).
///
/// ```
/// use statsd_proto::dogstatsd::container_id_from_cgroup;
///
/// let id = "0123456789abcdef".repeat(4);
/// let text = format!("12:memory:/kubepods.slice/cri-containerd-{id}.scope\n0::/\n");
/// assert_eq!(container_id_from_cgroup(&text), Some(&*id));
/// assert_eq!(container_id_from_cgroup("0::/\n"), None);
/// ```
pub fn container_id_from_cgroup(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        // `hierarchy:controllers:path`
        let path = line.splitn(3, ':').nth(2)?;
        id_at_end(path.strip_suffix(".scope").unwrap_or(path))
    })
}

fn id_at_end(path: &str) -> Option<&str> {
    let end_of = |len| path.get(path.len().checked_sub(len)?..);
    let container = end_of(64).filter(|id| id.bytes().all(is_hex));
    let uuid = || end_of(36).filter(|id| is_uuid(id));
    let task = || {
        let digits = path.bytes().rev().take_while(u8::is_ascii_digit).count();
        end_of(32 + 1 + digits).filter(|id| {
            let (hex, number) = id.as_bytes().split_at(32);
            digits > 0 && number[0] == b'-' && hex.iter().copied().all(is_hex)
        })
    };
    container.or_else(uuid).or_else(task)
}

fn is_uuid(id: &str) -> bool {
    id.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => matches!(byte, b'-' | b'_'),
        _ => is_hex(byte),
    })
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860";
    const TASK: &str = "34dc0b5e626f2c5c4c5170e34b10e765-1234567890";
    const UUID: &str = "34dc0b5e-626f-2c5c-4c51-70e34b10e765";

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
            (
                format!("1:name=systemd:/uuid/{}.scope", UUID.replace('-', "_")),
                Some("34dc0b5e_626f_2c5c_4c51_70e34b10e765"),
            ),
            (format!("nothing\n0::/\n5:cpu:/a/{ID}\n"), Some(ID)),
            (format!("5:cpu:/first/{UUID}\n5:cpu:/{ID}\n"), Some(UUID)),
        ] {
            assert_eq!(container_id_from_cgroup(&text), id, "{text}");
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
            assert_eq!(container_id_from_cgroup(&text), None, "{text:?}");
        }
    }
}
