//! The regions of Genesys Cloud, as a table.
//!
//! Never guesses: a text that names no region gives `None`. Invariant: keys and domains are unique.
//! Source: the region maps of the vendor's Terraform provider (1.84), SDKs and `gc` CLI.

/// One region.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// The AWS key that the provider's `aws_region` takes, e.g. `eu-central-1`.
    pub key: &'static str,
    /// The domain below which its hosts lie, e.g. `mypurecloud.de`.
    pub domain: &'static str,
}

const fn region(key: &'static str, domain: &'static str) -> Region {
    Region { key, domain }
}

/// Every region. `dca` and `tca` are the vendor's own, which the provider takes too.
pub static REGIONS: &[Region] = &[
    region("us-east-1", "mypurecloud.com"),
    region("us-east-2", "use2.us-gov-pure.cloud"),
    region("us-west-2", "usw2.pure.cloud"),
    region("ca-central-1", "cac1.pure.cloud"),
    region("sa-east-1", "sae1.pure.cloud"),
    region("mx-central-1", "mxc1.pure.cloud"),
    region("eu-west-1", "mypurecloud.ie"),
    region("eu-west-2", "euw2.pure.cloud"),
    region("eu-central-1", "mypurecloud.de"),
    region("eu-central-2", "euc2.pure.cloud"),
    region("eusc-de-east-1", "edee1.eusc-pure.cloud"),
    region("ap-southeast-1", "apse1.pure.cloud"),
    region("ap-southeast-2", "mypurecloud.com.au"),
    region("ap-northeast-1", "mypurecloud.jp"),
    region("ap-northeast-2", "apne2.pure.cloud"),
    region("ap-northeast-3", "apne3.pure.cloud"),
    region("ap-south-1", "aps1.pure.cloud"),
    region("me-central-1", "mec1.pure.cloud"),
    region("dca", "inindca.com"),
    region("tca", "inintca.com"),
];

impl Region {
    /// Finds a region by what people write: its key in any letter case, with hyphens or with the
    /// `gc` CLI's underscores, its domain, or one of its hosts with or without `https://`.
    pub fn parse(text: &str) -> Option<&'static Self> {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("https://").unwrap_or(&text);
        let text = text.trim_end_matches('/');
        let domain = ["api.", "login.", "apps."]
            .iter()
            .find_map(|host| text.strip_prefix(host))
            .unwrap_or(text);
        let key = text.replace('_', "-");
        REGIONS.iter().find(|region| region.key == key || region.domain == domain)
    }

    /// Returns the base of its API, e.g. `https://api.mypurecloud.de`.
    pub fn api(&self) -> String {
        format!("https://api.{}", self.domain)
    }

    /// Returns the base of its login service, e.g. `https://login.mypurecloud.de`.
    pub fn login(&self) -> String {
        format!("https://login.{}", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_found_by_each_of_its_spellings() {
        for region in REGIONS {
            for spelling in [
                region.key.to_owned(),
                region.key.to_uppercase(),
                region.key.replace('-', "_"),
                region.domain.to_owned(),
                region.api(),
                format!("{}/", region.login()),
                format!(" apps.{}", region.domain),
            ] {
                assert_eq!(Region::parse(&spelling), Some(region), "{spelling}");
            }
        }
    }

    #[test]
    fn what_names_no_region_is_none() {
        for text in ["", "eu-central-9", "example.com", "api.", "localhost"] {
            assert_eq!(Region::parse(text), None, "{text}");
        }
    }
}
