//! The id maps of a user namespace (user_namespaces(7)): what is asked for, and whether this user may have it.

use nix::unistd::{Gid, Uid};

use crate::error::Error;
use crate::spec::{IdMap, Spec, UserNamespace};
use crate::validate::wrong;

/// What goes into `/proc/PID/uid_map` and `gid_map`.
pub struct IdMaps {
    pub uids: String,
    pub gids: String,
    /// Whether `/proc/PID/setgroups` must say `deny` first (user_namespaces(7), "gid_map").
    pub deny_setgroups: bool,
    /// Whether pid 1 has to change its ids to be root inside.
    pub become_root: bool,
    /// Whether there is a group 5 inside, `tty` on every distribution; otherwise, devpts refuses it.
    pub has_terminal_group: bool,
}

/// The maps that the description asks for; `None` for no user namespace.
pub fn id_maps(spec: &Spec) -> Result<Option<IdMaps>, Error> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    let own = |inside, outside| {
        vec![IdMap {
            inside,
            outside,
            count: 1,
        }]
    };
    let (uids, gids) = match &spec.namespaces.user {
        UserNamespace::Host if uid.is_root() => return Ok(None),
        UserNamespace::Host => {
            return Err(wrong(
                format!("no user namespace, as user {uid}"),
                "only root can make the other namespaces without one: use UserNamespace::Auto or run as root",
            ));
        }
        UserNamespace::Auto if uid.is_root() => return Ok(None),
        UserNamespace::Auto => (own(spec.user.uid, uid.as_raw()), own(spec.user.gid, gid.as_raw())),
        UserNamespace::Mapped { uids, gids } => (uids.clone(), gids.clone()),
    };
    for (maps, id, caller, what) in [
        (&uids, spec.user.uid, uid.as_raw(), "user"),
        (&gids, spec.user.gid, gid.as_raw(), "group"),
    ] {
        if !maps
            .iter()
            .any(|map| (map.inside..map.inside.saturating_add(map.count)).contains(&id))
        {
            return Err(wrong(
                format!("run as {what} {id}"),
                "the id map has no such id inside: add it to the map",
            ));
        }
        let own_only = matches!(maps[..], [IdMap { outside, count: 1, .. }] if outside == caller);
        if !uid.is_root() && !own_only {
            return Err(wrong(
                format!("{what} id map {maps:?} as user {uid}"),
                "an ordinary user may map its own id only, once: map that, or run as root",
            ));
        }
    }
    let text = |maps: &[IdMap]| {
        maps.iter()
            .map(|map| format!("{} {} {}\n", map.inside, map.outside, map.count))
            .collect::<String>()
    };
    Ok(Some(IdMaps {
        uids: text(&uids),
        gids: text(&gids),
        deny_setgroups: !uid.is_root(),
        become_root: uid.is_root(),
        has_terminal_group: has(&gids, 5),
    }))
}

/// Whether the map has this id inside.
fn has(maps: &[IdMap], id: u32) -> bool {
    maps.iter()
        .any(|map| (map.inside..map.inside.saturating_add(map.count)).contains(&id))
}
