//! The methods of the provider service and their names in both protocol versions.
//!
//! Only data. Methods that are not opened by anything here are not listed: they pass as paths.

/// A version of the plugin protocol. The messages opened here have equal field numbers in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// tfplugin5, spoken by providers built on SDKv2, such as the official Genesys Cloud one.
    V5,
    /// tfplugin6, spoken by providers built on the plugin framework.
    V6,
}

impl Protocol {
    /// Reads the number of a handshake line.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            5 => Some(Self::V5),
            6 => Some(Self::V6),
            _ => None,
        }
    }

    /// Returns the number that stands in the handshake line.
    pub fn number(self) -> u32 {
        match self {
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }

    /// Returns the start of every path of the provider service.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::V5 => "/tfplugin5.Provider/",
            Self::V6 => "/tfplugin6.Provider/",
        }
    }
}

/// A method of the provider service, by its name in protocol 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The schemas of everything that the provider knows.
    GetProviderSchema,
    /// Check of a provider block.
    ValidateProviderConfig,
    /// Check of a resource block.
    ValidateResourceConfig,
    /// Check of a data block.
    ValidateDataResourceConfig,
    /// The provider block, evaluated.
    ConfigureProvider,
    /// A stored instance, brought to the current schema.
    UpgradeResourceState,
    /// Refresh of one instance.
    ReadResource,
    /// Plan of one instance.
    PlanResourceChange,
    /// Create, update or delete of one instance.
    ApplyResourceChange,
    /// Import of one id.
    ImportResourceState,
    /// Read of one data source.
    ReadDataSource,
    /// The user interrupted Terraform.
    StopProvider,
}

/// (method, name in protocol 5, name in protocol 6)
const NAMES: [(Method, &str, &str); 12] = [
    (Method::GetProviderSchema, "GetSchema", "GetProviderSchema"),
    (Method::ValidateProviderConfig, "PrepareProviderConfig", "ValidateProviderConfig"),
    (Method::ValidateResourceConfig, "ValidateResourceTypeConfig", "ValidateResourceConfig"),
    (Method::ValidateDataResourceConfig, "ValidateDataSourceConfig", "ValidateDataResourceConfig"),
    (Method::ConfigureProvider, "Configure", "ConfigureProvider"),
    (Method::UpgradeResourceState, "UpgradeResourceState", "UpgradeResourceState"),
    (Method::ReadResource, "ReadResource", "ReadResource"),
    (Method::PlanResourceChange, "PlanResourceChange", "PlanResourceChange"),
    (Method::ApplyResourceChange, "ApplyResourceChange", "ApplyResourceChange"),
    (Method::ImportResourceState, "ImportResourceState", "ImportResourceState"),
    (Method::ReadDataSource, "ReadDataSource", "ReadDataSource"),
    (Method::StopProvider, "Stop", "StopProvider"),
];

impl Method {
    /// Finds the method that an HTTP/2 path names, if it is one of these.
    pub fn from_path(protocol: Protocol, path: &str) -> Option<Self> {
        let name = path.strip_prefix(protocol.service())?;
        NAMES.iter().find(|row| protocol.pick(row) == name).map(|row| row.0)
    }

    /// Returns the name that the method has in this protocol version.
    pub fn name(self, protocol: Protocol) -> &'static str {
        NAMES.iter().find(|row| row.0 == self).map_or("", |row| protocol.pick(row))
    }

    /// Returns the HTTP/2 path of the method.
    pub fn path(self, protocol: Protocol) -> String {
        format!("{}{}", protocol.service(), self.name(protocol))
    }
}

impl Protocol {
    fn pick(self, row: &(Method, &'static str, &'static str)) -> &'static str {
        match self {
            Self::V5 => row.1,
            Self::V6 => row.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_leads_back_to_its_method() {
        for protocol in [Protocol::V5, Protocol::V6] {
            for (method, ..) in NAMES {
                let path = method.path(protocol);
                assert_eq!(Method::from_path(protocol, &path), Some(method), "{path}");
            }
        }
        assert_eq!(Method::from_path(Protocol::V5, "/tfplugin6.Provider/GetProviderSchema"), None);
        assert_eq!(Method::from_path(Protocol::V5, "/tfplugin5.Provider/GetMetadata"), None);
    }

    #[test]
    fn names_differ_between_the_versions_where_terraform_renamed_them() {
        assert_eq!(Method::ConfigureProvider.path(Protocol::V5), "/tfplugin5.Provider/Configure");
        assert_eq!(
            Method::ConfigureProvider.path(Protocol::V6),
            "/tfplugin6.Provider/ConfigureProvider"
        );
    }
}
