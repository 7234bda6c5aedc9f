//! The address of a provider: `registry.terraform.io/mypurecloud/genesyscloud`.
//!
//! Pure. Invariant: two texts are equal addresses exactly where Terraform takes them for one provider:
//! defaults are filled in, and letter case does not count.

use std::fmt;

/// Where Terraform looks for a provider whose source names no host.
const TERRAFORM_HOST: &str = "registry.terraform.io";
/// Where OpenTofu looks for it.
const OPENTOFU_HOST: &str = "registry.opentofu.org";
/// The namespace of a provider whose source names none.
const NAMESPACE: &str = "hashicorp";

/// The whole address of a provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderAddress {
    host: String,
    namespace: String,
    name: String,
}

impl ProviderAddress {
    /// Reads a provider source: one to three parts, as `program` (a path or a name) fills them in.
    /// Returns nothing for what is no source.
    pub fn parse(source: &str, program: &str) -> Option<Self> {
        let parts: Vec<&str> = source.split('/').collect();
        if parts.iter().any(|part| part.is_empty() || part.chars().any(char::is_whitespace)) {
            return None;
        }
        let host = if is_opentofu(program) { OPENTOFU_HOST } else { TERRAFORM_HOST };
        let (host, namespace, name) = match parts.as_slice() {
            [name] => (host, NAMESPACE, *name),
            [namespace, name] => (host, *namespace, *name),
            [host, namespace, name] => (*host, *namespace, *name),
            _ => return None,
        };
        let [host, namespace, name] = [host, namespace, name].map(str::to_lowercase);
        // The port that every https address has without saying so.
        let host = host.strip_suffix(":443").map_or(host.clone(), str::to_owned);
        Some(Self { host, namespace, name })
    }

    /// Returns whether this is the provider `namespace/name`, whichever registry it comes from.
    pub fn is(&self, namespace_and_name: &str) -> bool {
        let wanted = namespace_and_name.split_once('/');
        wanted.is_some_and(|(namespace, name)| {
            self.namespace.eq_ignore_ascii_case(namespace) && self.name.eq_ignore_ascii_case(name)
        })
    }

    /// Returns the last part, which names the provider's binary.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ProviderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

/// Returns whether a program is OpenTofu, as far as its name tells.
pub(crate) fn is_opentofu(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    name.starts_with("tofu") || name.starts_with("opentofu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_equal_where_terraform_takes_them_for_one_provider() {
        let parse = |source: &str| ProviderAddress::parse(source, "/usr/bin/terraform");
        let whole = parse("registry.terraform.io/mypurecloud/genesyscloud").unwrap();
        for same in [
            "mypurecloud/genesyscloud",
            "MyPureCloud/GenesysCloud",
            "registry.terraform.io:443/mypurecloud/genesyscloud",
        ] {
            assert_eq!(parse(same).unwrap(), whole, "{same}");
        }
        for other in [
            "genesyscloud",
            "genesys.com/mypurecloud/genesyscloud",
            "registry.opentofu.org/mypurecloud/genesyscloud",
            "mypurecloud/genesyscloud2",
            "registry.terraform.io/xmypurecloud/genesyscloud",
        ] {
            assert_ne!(parse(other).unwrap(), whole, "{other}");
        }
        assert!(
            parse("genesys.com/mypurecloud/genesyscloud").unwrap().is("mypurecloud/genesyscloud")
        );
        assert_eq!(
            parse("genesyscloud").unwrap().to_string(),
            "registry.terraform.io/hashicorp/genesyscloud"
        );
        let tofu = ProviderAddress::parse("mypurecloud/genesyscloud", "/opt/tofu").unwrap();
        assert_eq!(tofu.to_string(), "registry.opentofu.org/mypurecloud/genesyscloud");
        for none in ["", "/", "a//b", "a/b/c/d", "a b/c"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
