//! The memory of a process that runs, searched for bytes that must not be in it (`proc(5)`, maps and mem).

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::Context;

/// How much is read at once; the end of one part is read again with the next.
const PART: usize = 1 << 20;

/// Everything that a process can write to, read whole.
///
/// # Errors
///
/// The process is gone, or may not be looked into.
pub fn of(process: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let range = words.next().context("a region without a range")?;
        let rights = words.next().context("a region without rights")?;
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').context("half a range")?;
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        regions.push(region(&memory, from, to));
    }
    Ok(regions)
}

/// Whether bytes stand anywhere in what was read.
#[must_use]
pub fn holds(regions: &[Vec<u8>], bytes: &[u8]) -> bool {
    let finds = |region: &Vec<u8>| region.windows(bytes.len()).any(|window| window == bytes);
    regions.iter().any(finds)
}

/// Which of many byte strings, each of two bytes or more, stand anywhere in what was read.
#[must_use]
pub fn found(regions: &[Vec<u8>], needles: &[Vec<u8>]) -> Vec<usize> {
    let start = |bytes: &[u8]| {
        let pair = bytes.first_chunk::<2>()?;
        Some(usize::from(u16::from_be_bytes(*pair)))
    };
    let mut begins = vec![false; 1 << 16];
    for at in needles.iter().filter_map(|needle| start(needle)) {
        if let Some(begins) = begins.get_mut(at) {
            *begins = true;
        }
    }
    let mut found = Vec::new();
    for region in regions {
        for at in 0..region.len() {
            let Some(here) = region.get(at..) else { break };
            let may_be = start(here).and_then(|pair| begins.get(pair));
            if may_be == Some(&true) {
                let stands = needles.iter().enumerate();
                let stands = stands.filter(|(_, needle)| here.starts_with(needle));
                found.extend(stands.map(|(number, _)| number));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// One region, as far as it can be read: parts of it may go while they are looked at.
fn region(memory: &File, from: u64, to: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = from;
    while at < to {
        let left = usize::try_from(to - at).unwrap_or(PART);
        let mut part = vec![0; left.min(PART)];
        let Ok(read) = memory.read_at(&mut part, at) else {
            break;
        };
        if read == 0 {
            break;
        }
        bytes.extend(part.iter().take(read));
        at += u64::try_from(read).unwrap_or(u64::MAX);
    }
    bytes
}
