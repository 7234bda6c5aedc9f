//! Any bytes as a log: no panic, no hang, and the same result however the bytes arrive.

#![no_main]

use std::io::{self, Read};

use divvy_terraform::logs;
use libfuzzer_sys::fuzz_target;

/// Gives a few bytes at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.len().min(buffer.len()).min(7);
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(reading) = logs::read(data) else {
        panic!("a slice cannot fail to be read")
    };
    assert_eq!(reading.is_incomplete, !reading.notes.is_empty());
    let lines = data.len() + 1;
    for failure in &reading.failures {
        assert!((1..=lines).contains(&failure.line));
        assert!(!failure.summary.contains('\n'));
    }
    // How the bytes arrive changes nothing.
    let Ok(in_pieces) = logs::read(Pieces(data)) else {
        panic!("a slice cannot fail to be read")
    };
    assert_eq!(in_pieces, reading);
});
