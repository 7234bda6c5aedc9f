//! The numbers of errors. The first of a trouble is the one that means it best.

use crate::Trouble;

pub(crate) const NUMBERS: [(i32, Trouble); 13] = [
    // ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED
    (112, Trouble::NoRoom),
    (39, Trouble::NoRoom),
    (1295, Trouble::NoRoom),
    // ERROR_TOO_MANY_OPEN_FILES
    (4, Trouble::TooManyFiles),
    // ERROR_ACCESS_DENIED, ERROR_ACCESS_DISABLED_BY_POLICY
    (5, Trouble::NotPermitted),
    (1260, Trouble::NotPermitted),
    // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND
    (2, Trouble::NotThere),
    (3, Trouble::NotThere),
    // ERROR_SHARING_VIOLATION
    (32, Trouble::BeingWritten),
    // ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH
    (193, Trouble::OtherMachine),
    (216, Trouble::OtherMachine),
    // ERROR_NOT_ENOUGH_MEMORY, ERROR_COMMITMENT_LIMIT
    (8, Trouble::NoProcess),
    (1455, Trouble::NoProcess),
];
