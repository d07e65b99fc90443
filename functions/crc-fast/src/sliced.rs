//! A reflected CRC of up to 64 bits, eight bytes at a step.

use std::sync::OnceLock;

/// CRC32C, with its bits in reverse order.
const CASTAGNOLI: u64 = 0x82f6_3b78;
/// CRC64/NVME, the same.
const NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

/// Tables of one polynomial, made when it is first asked for: 16 KB, and none of it in the file.
#[derive(Debug)]
pub(crate) struct Sliced {
    /// What a byte does to the register, for each of the eight places that it can have in a step.
    tables: [[u64; 256]; 8],
    ones: u64,
}

impl Sliced {
    pub(crate) fn crc32c() -> &'static Self {
        static TABLES: OnceLock<Sliced> = OnceLock::new();
        TABLES.get_or_init(|| Self::new(CASTAGNOLI, u64::from(u32::MAX)))
    }

    pub(crate) fn crc64_nvme() -> &'static Self {
        static TABLES: OnceLock<Sliced> = OnceLock::new();
        TABLES.get_or_init(|| Self::new(NVME, u64::MAX))
    }

    fn new(polynomial: u64, ones: u64) -> Self {
        let mut tables = [[0; 256]; 8];
        let mut before = [0; 256];
        for (byte, entry) in (0_u64..).zip(&mut before) {
            *entry = (0..8).fold(byte, |register, _| {
                (register >> 1) ^ if register & 1 == 1 { polynomial } else { 0 }
            });
        }
        let first = before;
        for table in &mut tables {
            *table = before;
            before = before.map(|register| (register >> 8) ^ entry(&first, register));
        }
        Self { tables, ones }
    }

    /// The register before the first byte, and what is added after the last one.
    pub(crate) const fn ones(&self) -> u64 {
        self.ones
    }

    pub(crate) fn update(&self, mut register: u64, bytes: &[u8]) -> u64 {
        let [one, two, three, four, five, six, seven, eight] = &self.tables;
        let (steps, rest) = bytes.as_chunks::<8>();
        for step in steps {
            let mixed = register ^ u64::from_le_bytes(*step);
            register = entry(eight, mixed)
                ^ entry(seven, mixed >> 8)
                ^ entry(six, mixed >> 16)
                ^ entry(five, mixed >> 24)
                ^ entry(four, mixed >> 32)
                ^ entry(three, mixed >> 40)
                ^ entry(two, mixed >> 48)
                ^ entry(one, mixed >> 56);
        }
        rest.iter().fold(register, |register, byte| {
            (register >> 8) ^ entry(one, register ^ u64::from(*byte))
        })
    }
}

/// The entry for a register's lowest byte.
fn entry(table: &[u64; 256], register: u64) -> u64 {
    let [lowest, ..] = register.to_le_bytes();
    table.get(usize::from(lowest)).copied().unwrap_or_default()
}
