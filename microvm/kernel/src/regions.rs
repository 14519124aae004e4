//! The program's address space as it asked for it: regions with one protection and one origin each.

/// Reads are allowed.
pub const READ: u8 = 1;
/// Writes are allowed.
pub const WRITE: u8 = 2;
/// Instruction fetches are allowed.
pub const EXECUTE: u8 = 4;

/// Where the pages of a region come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Zeroes.
    Anonymous,
    /// A file: this many bytes from this address on, then zeroes.
    File { data: u64, bytes: u64 },
}

/// Pages of one protection and origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// [`READ`], [`WRITE`], [`EXECUTE`].
    pub protection: u8,
    /// Where its pages come from.
    pub origin: Origin,
}

impl Region {
    /// The same region without the pages before `start`.
    fn from(self, start: u64) -> Self {
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
        Self { start, origin, ..self }
    }
}

/// As many regions as a program may have; Linux's limit (vm.max_map_count) is 65,530.
const LIMIT: usize = 1024;

/// The regions, ordered by address, not overlapping.
pub struct Regions {
    list: [Region; LIMIT],
    count: usize,
}

/// There are too many regions.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

const NONE: Region = Region {
    start: 0,
    end: 0,
    protection: 0,
    origin: Origin::Anonymous,
};

impl Regions {
    /// An empty address space.
    pub const fn new() -> Self {
        Self {
            list: [NONE; LIMIT],
            count: 0,
        }
    }

    /// All regions, by address.
    pub fn all(&self) -> &[Region] {
        &self.list[..self.count]
    }

    /// Index of the first region that ends after `address`.
    fn first_after(&self, address: u64) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = (low + high) / 2;
            if self.list[middle].end <= address {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// The region that holds `address`.
    pub fn find(&self, address: u64) -> Option<&Region> {
        self.all()
            .get(self.first_after(address))
            .filter(|region| region.start <= address)
    }

    /// Whether nothing lies between two addresses.
    pub fn is_free(&self, start: u64, end: u64) -> bool {
        self.all()
            .get(self.first_after(start))
            .is_none_or(|region| region.start >= end)
    }

    /// Whether every address between two has a region.
    pub fn is_covered(&self, mut start: u64, end: u64) -> bool {
        while start < end {
            match self.find(start) {
                Some(region) => start = region.end,
                None => return false,
            }
        }
        true
    }

    /// The highest free place of `size` bytes between two addresses.
    pub fn find_free(&self, size: u64, bottom: u64, top: u64) -> Option<u64> {
        let mut end = top;
        for region in self.all().iter().rev() {
            if region.start >= end {
                continue;
            }
            if region.end <= end && end - region.end >= size {
                break;
            }
            end = region.start;
        }
        end.checked_sub(size).filter(|start| *start >= bottom)
    }

    fn insert_at(&mut self, at: usize, region: Region) -> Result<(), TooMany> {
        if self.count == LIMIT {
            return Err(TooMany);
        }
        self.list.copy_within(at..self.count, at + 1);
        self.list[at] = region;
        self.count += 1;
        Ok(())
    }

    fn remove_at(&mut self, at: usize) {
        self.list.copy_within(at + 1..self.count, at);
        self.count -= 1;
    }

    /// Adds a region where nothing is; joins it with its anonymous neighbours of the same protection.
    pub fn insert(&mut self, region: Region) -> Result<(), TooMany> {
        let at = self.first_after(region.start);
        let before = at > 0 && joins(&self.list[at - 1], &region);
        let after = at < self.count && joins(&region, &self.list[at]);
        match (before, after) {
            (true, true) => {
                self.list[at - 1].end = self.list[at].end;
                self.remove_at(at);
            }
            (true, false) => self.list[at - 1].end = region.end,
            (false, true) => self.list[at].start = region.start,
            (false, false) => self.insert_at(at, region)?,
        }
        Ok(())
    }

    /// Makes `address` a border between regions, if it lies inside one.
    fn split(&mut self, address: u64) -> Result<(), TooMany> {
        let at = self.first_after(address);
        if at < self.count && self.list[at].start < address {
            let whole = self.list[at];
            self.insert_at(at + 1, whole.from(address))?;
            self.list[at].end = address;
        }
        Ok(())
    }

    /// Removes whatever lies between two addresses.
    pub fn remove(&mut self, start: u64, end: u64) -> Result<(), TooMany> {
        self.split(start)?;
        self.split(end)?;
        let first = self.first_after(start);
        let mut last = first;
        while last < self.count && self.list[last].start < end {
            last += 1;
        }
        if first < last {
            self.list.copy_within(last..self.count, first);
            self.count -= last - first;
        }
        Ok(())
    }

    /// Changes the protection between two addresses, which must be covered.
    pub fn protect(&mut self, start: u64, end: u64, protection: u8) -> Result<(), TooMany> {
        self.split(start)?;
        self.split(end)?;
        let first = self.first_after(start);
        let mut at = first;
        while at < self.count && self.list[at].start < end {
            self.list[at].protection = protection;
            at += 1;
        }
        // Neighbours that are alike now become one again, from the last to the first.
        for right in (first.max(1)..=at.min(self.count - 1)).rev() {
            if joins(&self.list[right - 1], &self.list[right]) {
                self.list[right - 1].end = self.list[right].end;
                self.remove_at(right);
            }
        }
        Ok(())
    }
}

/// Whether two regions are one.
fn joins(a: &Region, b: &Region) -> bool {
    a.end == b.start && a.protection == b.protection && (a.origin, b.origin) == (Origin::Anonymous, Origin::Anonymous)
}
