//! The host's own kernel as a guest's: found where distributions put it, named with the reason where a user may not read it.
//! The built-in guest kernel stands in for it, in a mount namespace where /boot is the test's.

use crate::support::{Need, Place, Said, binary, expect_holds, expect_status, say, test};
use libtest_mimic::{Failed, Trial};
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    vec![
        test(
            "the_hosts_kernel_is_listed_with_what_it_is_to_look_at",
            &[Need::Root, Need::Tool("unshare")],
            listed,
        ),
        test(
            "the_hosts_kernel_boots_by_its_name",
            &[Need::Root, Need::Tool("unshare"), Need::Kvm],
            boots,
        ),
        test(
            "the_hosts_kernel_that_a_user_may_not_read_is_named_with_the_remedy",
            &[Need::Root, Need::Tool("unshare"), Need::Tool("setpriv")],
            unreadable,
        ),
        test(
            "a_host_whose_kernel_lies_elsewhere_is_told_so",
            &[Need::Root, Need::Tool("unshare")],
            elsewhere,
        ),
    ]
}

const LESSON: &str = "a container shares this kernel, a VM boots its own copy of it";
/// Puts the built-in guest kernel where the host's would be.
const INSTALL: &str = "$ISOLAB kernel export builtin /boot/vmlinuz-$(uname -r)";
/// Becomes an ordinary user.
const USER: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/// What a script says where /boot is empty at first, and where there are no modules of this kernel.
fn with_boot(place: &Place, script: &str) -> Result<Said, Failed> {
    let hide = "mount -t tmpfs none /boot; [ ! -d /lib/modules ] || mount -t tmpfs none /lib/modules";
    let shell: Command = place.script(&["unshare", "-m"], &format!("{hide}; {script}"));
    say(shell)
}

fn listed() -> Result<(), Failed> {
    for command in ["kernel ls", "doctor"] {
        let said = with_boot(&Place::new(), &format!("{INSTALL}; $ISOLAB {command}"))?;
        expect_status(&said, 0)?;
        expect_holds(&said.stdout, "/boot/vmlinuz-")?;
        expect_holds(&said.stdout, LESSON)?;
    }
    Ok(())
}

fn boots() -> Result<(), Failed> {
    let run = "$ISOLAB run --on microvm-linux --kernel host hello";
    let said = with_boot(&Place::new(), &format!("{INSTALL}; {run}"))?;
    expect_status(&said, 0)?;
    expect_holds(&said.stderr, LESSON)?;
    expect_holds(&said.stdout, "hello")
}

fn unreadable() -> Result<(), Failed> {
    for (command, status) in [
        ("kernel ls", 0),
        ("doctor", 0),
        ("run --on microvm-linux --kernel host hello", 125),
        ("run --on microvm-linux --kernel /boot/vmlinuz-$(uname -r) hello", 125),
        ("kernel add /boot/vmlinuz-$(uname -r)", 2),
    ] {
        let place = Place::new();
        // Where the tests were built, an ordinary user may have no way to.
        std::fs::copy(binary(), place.path().join("isolab"))?;
        let script = format!("{INSTALL}; chmod 600 /boot/vmlinuz-*; exec {USER} sh -c './isolab {command}'");
        let said = with_boot(&place, &script)?;
        expect_status(&said, status)?;
        let text = said.stdout + &said.stderr;
        expect_holds(&text, "Permission denied")?;
        expect_holds(&text, "sudo cat /boot/vmlinuz-")?;
    }
    Ok(())
}

fn elsewhere() -> Result<(), Failed> {
    let said = with_boot(&Place::new(), "$ISOLAB run --on microvm-linux --kernel host hello")?;
    expect_status(&said, 125)?;
    expect_holds(&said.stderr, "neither /boot/vmlinuz-")?;
    expect_holds(&said.stderr, "isolab kernel fetch")
}
