//! Terraform's version constraints: `>= 1.60.0, < 2.0.0`, `~> 1.60`.
//!
//! Pure. A constraint that cannot be read allows nothing: better to ask for `init` than to start a
//! provider that Terraform would refuse.

/// Returns whether a version satisfies all parts of a constraint; an empty one allows everything.
pub(crate) fn allows(constraints: &str, version: &str) -> bool {
    let Some(version) = Version::parse(version) else {
        return false;
    };
    let mut parts = constraints.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.all(|part| allows_part(part, &version).unwrap_or(false))
}

fn allows_part(part: &str, version: &Version) -> Option<bool> {
    let operator = &part[..part.find(|c: char| c.is_ascii_digit() || c == 'v')?];
    let text = part[operator.len()..].trim();
    let bound = Version::parse(text)?;
    // A pre-release is chosen only when it is named.
    if version.is_prerelease() && *version != bound {
        return Some(false);
    }
    Some(match operator.trim() {
        "" | "=" => *version == bound,
        "!=" => *version != bound,
        ">" => *version > bound,
        ">=" => *version >= bound,
        "<" => *version < bound,
        "<=" => *version <= bound,
        "~>" => {
            // Only the last part that is written may grow.
            let fixed = text.split('-').next()?.split('.').count().saturating_sub(1).max(1);
            *version >= bound && version.numbers[..fixed] == bound.numbers[..fixed]
        }
        _ => return None,
    })
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 3],
    /// False sorts first: a pre-release comes before its release.
    is_release: bool,
    prerelease: String,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or_default();
        let (release, prerelease) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = [0; 3];
        let mut places = numbers.iter_mut();
        for part in release.split('.') {
            *places.next()? = part.parse().ok()?;
        }
        Some(Self { numbers, is_release: prerelease.is_empty(), prerelease: prerelease.to_owned() })
    }

    fn is_prerelease(&self) -> bool {
        !self.is_release
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_read_as_terraform_reads_them() {
        for (constraints, version, allowed) in [
            ("", "1.0.0", true),
            ("1.60.0", "1.60.0", true),
            ("= 1.60", "1.60.0", true),
            ("!= 1.60.0", "1.60.0", false),
            (">= 1.60.0", "1.84.1", true),
            (">= 1.60.0, < 1.84.1", "1.84.1", false),
            ("<= 1.84.1", "1.84.1", true),
            ("> 1.84.1", "1.84.1", false),
            ("~> 1.60", "1.84.1", true),
            ("~> 1.60", "2.0.0", false),
            ("~> 1.60.2", "1.60.9", true),
            ("~> 1.60.2", "1.61.0", false),
            ("~> 1", "1.99.0", true),
            ("~> 1", "2.0.0", false),
            ("~> 9.0", "1.84.1", false),
            (">= 1.0.0", "1.85.0-rc1", false),
            ("1.85.0-rc1", "1.85.0-rc1", true),
            ("sometimes", "1.0.0", false),
        ] {
            assert_eq!(allows(constraints, version), allowed, "{constraints:?} {version}");
        }
    }
}
