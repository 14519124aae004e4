//! The program's address space as it asked for it: vmas with one protection and one origin each.

/// Reads are allowed.
pub const READ: u8 = 1;
/// Writes are allowed.
pub const WRITE: u8 = 2;
/// Instruction fetches are allowed.
pub const EXECUTE: u8 = 4;

/// Where the pages of a vma come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Zeroes.
    Anonymous,
    /// A file: this many bytes from this address on, then zeroes.
    File { data: u64, bytes: u64 },
}

/// Pages of one protection and origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// [`READ`], [`WRITE`], [`EXECUTE`].
    pub protection: u8,
    /// Where its pages come from.
    pub origin: Origin,
}

impl Vma {
    /// The same vma without the pages before `start`.
    fn cut_before(&self, start: u64) -> Self {
        let origin = match self.origin {
            Origin::Anonymous => Origin::Anonymous,
            Origin::File { data, bytes } => {
                let skipped = (start - self.start).min(bytes);
                Origin::File {
                    data: data + skipped,
                    bytes: bytes - skipped,
                }
            }
        };
        Self { start, origin, ..*self }
    }
}

/// As many vmas as a program may have; Linux's limit (vm.max_map_count) is 65,530.
const LIMIT: usize = 1024;

/// The place of a vma in the table, from 1.
type Place = u16;
/// No place: the end of the list. (Zero, so that an empty table is all zeroes and takes no room in the kernel's file.)
const END: Place = 0;

/// A vma and the place of the next, by address.
#[derive(Clone, Copy)]
struct Slot {
    vma: Vma,
    next: Place,
}

/// The vmas: a list in the order of addresses, in which none overlap. Programs have few, and a list changes without
/// moving anything.
#[repr(C)]
pub struct Vmas {
    /// The first vma.
    first: Place,
    /// The first slot that was in use and is not any more.
    free: Place,
    /// Slots after this one were never in use.
    used: Place,
    slots: [Slot; LIMIT + 1],
}

/// There are too many vmas.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

const EMPTY: Slot = Slot {
    vma: Vma {
        start: 0,
        end: 0,
        protection: 0,
        origin: Origin::Anonymous,
    },
    next: END,
};

impl Vmas {
    /// An empty address space.
    pub const fn new() -> Self {
        Self {
            first: END,
            free: END,
            used: 0,
            slots: [EMPTY; LIMIT + 1],
        }
    }

    /// All vmas, by address.
    pub fn all(&self) -> impl Iterator<Item = &Vma> {
        let mut place = self.first;
        core::iter::from_fn(move || {
            if place == END {
                return None;
            }
            let slot = &self.slots[place as usize];
            place = slot.next;
            Some(&slot.vma)
        })
    }

    fn vma(&mut self, place: Place) -> &mut Vma {
        &mut self.slots[place as usize].vma
    }

    /// The place after another; after the end comes the first.
    fn next(&self, place: Place) -> Place {
        if place == END {
            self.first
        } else {
            self.slots[place as usize].next
        }
    }

    fn set_next(&mut self, place: Place, next: Place) {
        if place == END {
            self.first = next
        } else {
            self.slots[place as usize].next = next
        }
    }

    /// The last place whose vma ends at or before `address`.
    fn before(&self, address: u64) -> Place {
        let (mut before, mut place) = (END, self.first);
        while place != END && self.slots[place as usize].vma.end <= address {
            (before, place) = (place, self.slots[place as usize].next);
        }
        before
    }

    /// The vma that holds `address`.
    pub fn find(&self, address: u64) -> Option<&Vma> {
        self.all()
            .find(|vma| vma.end > address)
            .filter(|vma| vma.start <= address)
    }

    /// Whether nothing lies between two addresses.
    pub fn is_free(&self, start: u64, end: u64) -> bool {
        self.all()
            .find(|vma| vma.end > start)
            .is_none_or(|vma| vma.start >= end)
    }

    /// Whether every address between two has a vma.
    pub fn is_covered(&self, start: u64, end: u64) -> bool {
        let mut covered = start;
        for vma in self.all().filter(|vma| vma.end > start) {
            if vma.start > covered || covered >= end {
                break;
            }
            covered = vma.end;
        }
        covered >= end
    }

    /// The highest free place of `size` bytes between two addresses.
    pub fn find_free(&self, size: u64, bottom: u64, top: u64) -> Option<u64> {
        let (mut found, mut gap) = (None, bottom);
        for vma in self.all() {
            let gap_end = vma.start.min(top);
            if gap_end >= gap && gap_end - gap >= size {
                found = Some(gap_end - size);
            }
            gap = gap.max(vma.end);
        }
        if top >= gap && top - gap >= size {
            Some(top - size)
        } else {
            found
        }
    }

    /// Puts a vma into a slot of its own after `before`.
    fn insert_after(&mut self, before: Place, vma: Vma) -> Result<(), TooMany> {
        let place = if self.free != END {
            let place = self.free;
            self.free = self.slots[place as usize].next;
            place
        } else if (self.used as usize) < LIMIT {
            self.used += 1;
            self.used
        } else {
            return Err(TooMany);
        };
        self.slots[place as usize] = Slot {
            vma,
            next: self.next(before),
        };
        self.set_next(before, place);
        Ok(())
    }

    /// Takes the vma after `before` out of the list.
    fn remove_after(&mut self, before: Place) {
        let place = self.next(before);
        self.set_next(before, self.next(place));
        self.slots[place as usize].next = self.free;
        self.free = place;
    }

    /// Makes one of the vma at `place` and the one after it, if they are alike.
    fn join(&mut self, place: Place) -> bool {
        let next = self.next(place);
        if place == END || next == END {
            return false;
        }
        let (a, b) = (*self.vma(place), *self.vma(next));
        let alike = a.end == b.start
            && a.protection == b.protection
            && (a.origin, b.origin) == (Origin::Anonymous, Origin::Anonymous);
        if alike {
            self.vma(place).end = b.end;
            self.remove_after(place);
        }
        alike
    }

    /// Adds a vma where nothing is; joins it with its anonymous neighbours of the same protection.
    pub fn insert(&mut self, vma: Vma) -> Result<(), TooMany> {
        let before = self.before(vma.start);
        self.insert_after(before, vma)?;
        let place = self.next(before);
        self.join(place);
        self.join(before);
        Ok(())
    }

    /// Makes `address` a border between vmas, if it lies inside one.
    pub fn split(&mut self, address: u64) -> Result<(), TooMany> {
        let place = self.next(self.before(address));
        if place == END || self.vma(place).start >= address {
            return Ok(());
        }
        let upper = self.vma(place).cut_before(address);
        self.insert_after(place, upper)?;
        self.vma(place).end = address;
        Ok(())
    }

    /// Removes whatever lies between two addresses.
    pub fn remove(&mut self, start: u64, end: u64) -> Result<(), TooMany> {
        self.split(start)?;
        self.split(end)?;
        let before = self.before(start);
        while self.next(before) != END && self.vma(self.next(before)).start < end {
            self.remove_after(before);
        }
        Ok(())
    }

    /// Changes the protection between two addresses, which must be covered.
    pub fn protect(&mut self, start: u64, end: u64, protection: u8) -> Result<(), TooMany> {
        self.split(start)?;
        self.split(end)?;
        let before = self.before(start);
        let mut place = self.next(before);
        while place != END && self.vma(place).start < end {
            self.vma(place).protection = protection;
            place = self.next(place);
        }
        // Neighbours that are alike now become one again, up to the first that was not changed.
        let mut place = if before == END { self.first } else { before };
        while place != END && self.vma(place).end <= end {
            if !self.join(place) {
                place = self.next(place);
            }
        }
        Ok(())
    }
}
