//! Why a program did not even start.

use std::env::consts::{ARCH, OS};
use std::io;
use std::path::Path;

use divvy_os::Trouble;

use crate::files::{self, Origin};

/// Tells why a program did not even start, as far as its end shows it: the leash passes the operating
/// system's word on, and a binary of another machine is handed to a shell, which stumbles over it.
pub(super) fn not_started(program: &Path, stdout: &[u8], stderr: &[u8]) -> Option<io::Error> {
    let said = String::from_utf8_lossy(stderr);
    if let Some((_, told)) =
        said.split_once(&format!("{} could not be started: ", program.display()))
    {
        let code = told.lines().next()?.rsplit_once("(os error ")?.1.trim_end_matches(')');
        return code.parse().ok().map(io::Error::from_raw_os_error);
    }
    let says_nothing_of_terraforms = stdout.is_empty() && !said.contains("Error: ");
    (says_nothing_of_terraforms && is_of_another_machine(program))
        .then(|| Trouble::OtherMachine.error())
}

/// Reports whether a file is a binary of another operating system or processor.
fn is_of_another_machine(program: &Path) -> bool {
    /// Processors as the header of an ELF file numbers them (`e_machine`).
    const PROCESSORS: [(&str, u16); 4] =
        [("x86_64", 62), ("aarch64", 183), ("x86", 3), ("arm", 40)];
    let mut header = [0; 20];
    let is_read = files::open(program, Origin::Found)
        .and_then(|mut file| io::Read::read_exact(&mut file, &mut header));
    if is_read.is_err() {
        return false;
    }
    let is_mach_o =
        matches!(header[..4], [0xCF | 0xCE, 0xFA, 0xED, 0xFE] | [0xCA, 0xFE, 0xBA, 0xBE | 0xBF]);
    if header.starts_with(b"MZ") {
        return OS != "windows";
    }
    if !header.starts_with(b"\x7fELF") {
        return is_mach_o && OS != "macos";
    }
    let is_big_endian = header[5] == 2;
    let bytes = [header[18], header[19]];
    let built_for =
        if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    let ours = PROCESSORS.iter().find(|(name, _)| *name == ARCH);
    OS != "linux" || ours.is_some_and(|(_, number)| *number != built_for)
}
