//! The recorded messages, and what a good provider answers with them.

use bytes::Bytes;

/// Where a method of the provider service lies.
pub(super) fn path(method: &str) -> String {
    format!("/tfplugin5.Provider/{method}")
}

macro_rules! recorded {
    ($name:literal) => {
        Bytes::from_static(include_bytes!(concat!(
            "../../../../../../fixtures/plugin-messages/",
            $name
        )))
    };
}

/// The id in the recorded answers to an import and the read that follows.
pub(super) const ID: &str = "dfac8070-5669-4968-b585-dd7448aeb174";

/// What Terraform asks, by method: an apply from beginning to end, with one thing in the state.
pub(super) fn requests() -> [(&'static str, Bytes); 8] {
    [
        ("GetSchema", Bytes::new()),
        // Not opened by the proxy, so anything will do.
        ("PrepareProviderConfig", recorded!("Configure.request")),
        ("Configure", recorded!("Configure.request")),
        ("UpgradeResourceState", recorded!("UpgradeResourceState.request")),
        ("ReadResource", recorded!("ReadResource.request")),
        ("PlanResourceChange", recorded!("PlanResourceChange-create.request")),
        ("ApplyResourceChange", recorded!("ApplyResourceChange-refused.request")),
        ("Stop", Bytes::new()),
    ]
}

/// What the provider answers; to what it does not know, with the question.
pub(super) fn answer(path: &str, frame: &Bytes) -> Bytes {
    let request = frame.slice(5.min(frame.len())..);
    match path.rsplit('/').next().unwrap() {
        "GetSchema" => recorded!("GetSchema.answer"),
        "Configure" | "Stop" | "Shutdown" => Bytes::new(),
        "UpgradeResourceState" => recorded!("UpgradeResourceState.answer"),
        "ReadResource" => recorded!("ReadResource-imported.answer"),
        // The one with a prior state is long.
        "PlanResourceChange" if request.len() > 200 => {
            recorded!("PlanResourceChange-adopted.answer")
        }
        "PlanResourceChange" => recorded!("PlanResourceChange-create.answer"),
        "ApplyResourceChange" => recorded!("ApplyResourceChange-refused.answer"),
        "ImportResourceState" => recorded!("ImportResourceState.answer"),
        _ => request,
    }
}
