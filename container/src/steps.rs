//! The steps that build a container, in order: name, phase, kernel call, purpose, and who makes them.

/// Which process or thread makes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The process that called [`start`](crate::start).
    Isolab,
    /// Pid 1 of the container, before it becomes its small init program.
    Pid1,
    /// The process that becomes the program.
    Program,
}

impl Actor {
    /// The actor's name in `--explain`.
    pub fn name(self) -> &'static str {
        match self {
            Actor::Isolab => "isolab",
            Actor::Pid1 => "pid 1",
            Actor::Program => "program",
        }
    }
}

/// What is known about a step before it is made.
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// The phase it belongs to: what a chart shows.
    pub phase: &'static str,
    /// Who makes it.
    pub actor: Actor,
    /// The kernel call.
    pub call: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

macro_rules! steps {
    ($($step:ident: $actor:ident, $phase:literal, $name:literal, $call:literal, $purpose:literal;)*) => {
        /// One step of the start.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "`describe` says what each is for")]
        pub enum Step { $($step,)* }

        impl Step {
            /// Every step, by its number.
            const ALL: &[Step] = &[$(Step::$step,)*];
            /// How many there are.
            pub(crate) const COUNT: usize = Step::ALL.len();

            /// What is known about it.
            pub(crate) fn describe(self) -> Description {
                match self {
                    $(Step::$step => Description {
                        name: $name, phase: $phase, actor: Actor::$actor, call: $call, purpose: $purpose,
                    },)*
                }
            }

            /// The step of a number, as the child reports it.
            pub(crate) fn from_number(number: u8) -> Option<Step> {
                Step::ALL.get(usize::from(number)).copied()
            }
        }
    };
}

steps! {
    Plan: Isolab, "plan", "plan", "", "turn the description into ready-made arguments: the child must not allocate memory";
    Runtime: Isolab, "start the runtime", "start the runtime", "execve, mmap", "a process of its own reads the plan";
    CgroupCreate: Isolab, "cgroup", "create cgroup", "mkdir, write limits", "a control group of its own, with the limits";
    CgroupOpen: Isolab, "cgroup", "open cgroup", "openat", "processes without a right to the control group enter it by a descriptor";
    Clone: Isolab, "clone", "clone pid 1", "clone3(CLONE_VM, new namespaces)", "pid 1 of the container; it shares memory with isolab until it executes its init, so no page table is copied";
    IdMaps: Isolab, "id maps", "id maps", "write /proc/PID/{setgroups,uid_map,gid_map}", "say which host users the users inside are";
    DeathSignal: Pid1, "clone", "parent-death signal", "prctl(PR_SET_PDEATHSIG, SIGKILL)", "if isolab is killed now, this process is too";
    WaitIds: Pid1, "id maps", "wait for id maps", "futex", "without maps nothing can be created: its owner would have no id";
    BecomeRoot: Pid1, "id maps", "root of the user namespace", "setresgid, setresuid", "the user namespace's own root";
    CloneProgram: Pid1, "clone", "clone program", "clone3(CLONE_VM)", "the process that becomes the program builds the file system, on another processor";
    CloneMaker: Program, "clone", "clone a maker of the network", "clone3(CLONE_VM)", "a process that makes the network namespace on another processor, and ends";
    WaitMaker: Program, "exec", "wait for the maker's end", "wait4", "no program runs while a process beside it still has isolab's memory";
    Pid1JoinNetwork: Pid1, "network", "join network namespace", "setns(CLONE_NEWNET)", "pid 1 belongs to the shared network, too";
    Network: Pid1, "network", "network namespace", "unshare(CLONE_NEWNET), SIOCGSKNS, sendmsg(SCM_RIGHTS)", "network devices, addresses and ports of its own; the program's process gets a descriptor of it";
    Loopback: Pid1, "network", "loopback up", "ioctl(SIOCSIFFLAGS)", "127.0.0.1 works inside";
    Pid1WaitCgroup: Pid1, "cgroup", "wait for the cgroup", "futex", "the program's process makes it meanwhile";
    Pid1Cgroup: Pid1, "cgroup", "enter cgroup", "write 0 to tasks", "pid 1 counts, too";
    Pid1CgroupNamespace: Pid1, "cgroup", "cgroup namespace", "unshare(CLONE_NEWCGROUP)", "pid 1 sees what the program sees";
    Pid1Lifeline: Pid1, "clone", "no parent-death signal", "prctl(PR_SET_PDEATHSIG, 0)", "from here on pid 1 ends when isolab's end of a socket is gone, whichever thread of isolab made the start";
    Pid1Privileges: Pid1, "init", "init's privileges", "capset, close_range", "pid 1 keeps the capability to signal and its end of a socket";
    InitExec: Pid1, "init", "init", "seccomp, execveat", "pid 1 becomes a program of one page that forwards signals and reaps, and that none without CAP_SYS_PTRACE can trace";
    Propagation: Program, "root file system", "private mounts", "mount(/, MS_REC|MS_PRIVATE)", "nothing mounted here shows up on the host";
    VolumeSource: Program, "root file system", "volume sources", "open_tree(OPEN_TREE_CLONE), mount_setattr", "take hold of the volumes while the host's files are still in sight; no devices, no set-user-id";
    Stage: Program, "root file system", "stage", "mount(tmpfs)", "memory for what the container writes; gone with it";
    NameFiles: Program, "root file system", "names", "write /etc/{hostname,hosts,resolv.conf}", "the container's name, and where names are looked up";
    Overlay: Program, "root file system", "overlay", "mount(overlay)", "read-only layers below, the writable one above";
    BindLayer: Program, "root file system", "bind the layer", "mount(MS_BIND), mount(MS_REMOUNT|MS_RDONLY)", "the one layer is the root, read-only: no file system of its own";
    Copy: Program, "root file system", "copy of the layers", "openat, getdents64, sendfile", "where the kernel refuses an overlay: the layers copied into memory";
    Proc: Program, "root file system", "/proc", "mount(proc)", "shows the processes of the new pid namespace only";
    Devices: Program, "root file system", "/dev", "mknod, symlink, bind", "null, zero, full, random, urandom, tty and the usual links; no host device";
    Terminals: Program, "root file system", "/dev/pts", "mount(devpts)", "terminals of its own";
    MessageQueues: Program, "root file system", "/dev/mqueue", "mount(mqueue)", "POSIX message queues of its own";
    SharedMemory: Program, "root file system", "/dev/shm", "mount(tmpfs)", "POSIX shared memory of its own";
    Terminal: Program, "root file system", "terminal", "open(/dev/pts/ptmx), TIOCGPTPEER, sendmsg(SCM_RIGHTS)", "a terminal of the program's own, from the container's /dev/pts; isolab gets its other end";
    Mask: Program, "root file system", "mask /proc", "mount(MS_BIND)", "files that tell about the host are covered, files that steer it become read-only";
    Volumes: Program, "root file system", "volumes", "openat2(RESOLVE_IN_ROOT), move_mount", "targets are looked up inside the root: a symbolic link in the image cannot lead out";
    WorkingDirectory: Program, "root file system", "working directory", "openat2(RESOLVE_IN_ROOT), mkdir", "made when missing";
    Pivot: Program, "root file system", "pivot root", "pivot_root", "the container's root becomes the root";
    HostName: Program, "root file system", "host name", "sethostname", "a name of its own";
    LeaveHost: Program, "root file system", "leave the host", "clone3(CLONE_THREAD), umount2(MNT_DETACH)", "the host's files go out of reach; a thread waits for the kernel meanwhile";
    Session: Program, "drop privileges", "session", "setsid, dup3", "a session of its own, standard input and output";
    WaitNetwork: Program, "network", "wait for the network", "futex", "pid 1 makes it meanwhile";
    JoinNetwork: Program, "network", "join network namespace", "setns(CLONE_NEWNET)", "the program belongs to the container's network";
    Sys: Program, "network", "/sys", "mount(sysfs, MS_RDONLY)", "after the network namespace, whose devices it shows";
    ReadOnlyRoot: Program, "root file system", "read-only root", "mount(/, MS_REMOUNT|MS_RDONLY)", "nothing of the root can be written";
    CgroupMake: Program, "cgroup", "create cgroup", "mkdir, write limits", "a control group of its own, with the limits";
    CgroupEnter: Program, "cgroup", "enter cgroup", "write 0 to tasks", "a process that moves itself need not wait for an RCU grace period";
    CgroupNamespace: Program, "cgroup", "cgroup namespace", "unshare(CLONE_NEWCGROUP)", "the control group looks like the top of the tree";
    CgroupMount: Program, "cgroup", "/sys/fs/cgroup", "mount(cgroup2, MS_RDONLY)", "where programs look for their limits";
    BoundingSet: Program, "drop privileges", "bounding set", "prctl(PR_CAPBSET_DROP)", "exec can give no capability back that was not asked for";
    ResourceLimits: Program, "drop privileges", "resource limits", "prlimit64", "limits of the process";
    Capabilities: Program, "drop privileges", "capabilities", "capset", "keep no capability that was not asked for";
    NoNewPrivileges: Program, "drop privileges", "no new privileges", "prctl(PR_SET_NO_NEW_PRIVS)", "no set-user-id program can gain any";
    Seccomp: Program, "seccomp", "system-call filter", "seccomp(SECCOMP_SET_MODE_FILTER)", "only the system calls of the allow-list; what follows here is on it";
    ChangeDirectory: Program, "exec", "change directory", "chdir, getcwd", "refused when it lies outside the root";
    LimitMemory: Program, "cgroup", "limit memory", "write memory.max", "last, since what has been counted so far was used in isolab's memory";
    CloseFiles: Program, "exec", "close files", "close_range(3, ~0)", "no descriptor of isolab reaches the program";
    Helper: Program, "exec", "prepare the helper", "memfd_create, pipe2", "what executes a program that runs as another user, or may lead to isolab's own executable";
    WaitLeaveHost: Program, "exec", "wait for the host to be left", "futex", "no program runs while the host's files are in reach";
    WaitInit: Program, "exec", "wait for the init", "futex", "no program runs while pid 1 still has isolab's memory";
    User: Program, "drop privileges", "become the user", "setgroups, setresgid, setresuid, capset", "by the helper, which has memory of its own: keep no capability that was not asked for";
    Exec: Program, "exec", "exec", "execve", "become the program";
}
