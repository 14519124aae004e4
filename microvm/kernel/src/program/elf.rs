//! Reads the program: a static 64-bit ELF for x86-64 (System V ABI, "Object Files", and its AMD64 supplement).

/// What has to be known of a program to load it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program<'a> {
    file: &'a [u8],
    /// Where it begins, relative to where it is loaded when `relocatable`.
    pub entry: u64,
    /// It may be loaded anywhere (a static-pie program).
    pub relocatable: bool,
    headers: &'a [u8],
}

/// One part of a program that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// Where they go.
    pub address: u64,
    /// How many there are.
    pub file_bytes: u64,
    /// How many bytes it has in memory; those not in the file are zero.
    pub memory_bytes: u64,
    /// PF_X (1), PF_W (2), PF_R (4).
    pub flags: u32,
}

const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_PHDR: u32 = 6;
const PROGRAM_HEADER: usize = 56;

impl<'a> Program<'a> {
    /// Reads a file's headers and checks that this kernel can run it.
    pub fn read(file: &'a [u8]) -> Result<Self, &'static str> {
        let header = file.get(..64).ok_or("the program is shorter than an ELF header")?;
        if &header[..4] != b"\x7fELF" {
            return Err(if &header[..2] == b"#!" {
                "the program is a script"
            } else {
                "the program is not an ELF file"
            });
        }
        if header[4] != 2 || header[5] != 1 {
            return Err("the program is not a 64-bit little-endian ELF file");
        }
        let (kind, machine) = (u16_at(header, 16), u16_at(header, 18));
        if machine != 62 {
            return Err("the program is not for x86-64");
        }
        if kind != 2 && kind != 3 {
            return Err("the ELF file is not a program");
        }
        let (offset, size, count) = (u64_at(header, 32), u16_at(header, 54), u16_at(header, 56));
        if size as usize != PROGRAM_HEADER {
            return Err("the program's header table has entries of an unknown size");
        }
        let end = offset.checked_add(u64::from(count) * PROGRAM_HEADER as u64);
        let headers = end
            .and_then(|end| file.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?))
            .ok_or("the program's header table lies outside the file")?;
        let program = Self {
            file,
            entry: u64_at(header, 24),
            relocatable: kind == 3,
            headers,
        };

        for segment in program.headers() {
            if u32_at(segment, 0) == PT_INTERP {
                return Err("the program is dynamically linked");
            }
        }
        let mut loads = 0;
        for segment in program.segments() {
            let segment = segment?;
            loads += 1;
            if segment
                .offset
                .checked_add(segment.file_bytes)
                .is_none_or(|end| end > file.len() as u64)
            {
                return Err("a segment of the program lies outside the file: it is truncated");
            }
        }
        if loads == 0 {
            Err("the program has no segment to load")
        } else {
            Ok(program)
        }
    }

    fn headers(&self) -> impl Iterator<Item = &'a [u8]> {
        self.headers.chunks_exact(PROGRAM_HEADER)
    }

    /// Number of program headers, for AT_PHNUM.
    pub fn header_count(&self) -> u64 {
        self.headers().count() as u64
    }

    /// The segments to load.
    pub fn segments(&self) -> impl Iterator<Item = Result<Segment, &'static str>> {
        self.headers()
            .filter(|header| u32_at(header, 0) == PT_LOAD)
            .map(|header| {
                let segment = Segment {
                    offset: u64_at(header, 8),
                    address: u64_at(header, 16),
                    file_bytes: u64_at(header, 32),
                    memory_bytes: u64_at(header, 40),
                    flags: u32_at(header, 4),
                };
                if segment.file_bytes > segment.memory_bytes {
                    return Err("a segment of the program is larger in the file than in memory");
                }
                if segment.offset % 4096 != segment.address % 4096 {
                    return Err("a segment of the program is not aligned to pages");
                }
                if segment.address.checked_add(segment.memory_bytes).is_none() {
                    return Err("a segment of the program wraps around the address space");
                }
                Ok(segment)
            })
    }

    /// Where the program headers are found in memory, for AT_PHDR; 0 when they are not loaded.
    pub fn headers_address(&self) -> u64 {
        if let Some(header) = self.headers().find(|header| u32_at(header, 0) == PT_PHDR) {
            return u64_at(header, 16);
        }
        let offset = self.headers.as_ptr() as u64 - self.file.as_ptr() as u64;
        let holds = |segment: &Segment| {
            segment.offset <= offset && offset + self.headers.len() as u64 <= segment.offset + segment.file_bytes
        };
        let segment = self.segments().filter_map(Result::ok).find(holds);
        segment.map_or(0, |segment| segment.address + offset - segment.offset)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
