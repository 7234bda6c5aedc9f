//! Any bytes as whatever the plugin protocol carries: no panic, no hang, no memory out of
//! proportion, and what was understood survives being written and read again.

#![no_main]

use bytes::Bytes;
use divvy_plugin::frame;
use divvy_plugin::handshake::Line;
use divvy_plugin::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DiagnosticsResponse, DynamicValue,
    ImportRequest, ImportResponse, PlanRequest, PlanResponse, ProviderSchema, ReadDataRequest,
    ReadDataResponse, ReadRequest, ReadResponse, StopResponse, UpgradeRequest, UpgradeResponse,
    ValidateProviderRequest, ValidateProviderResponse, ValidateRequest,
};
use divvy_plugin::Value;
use libfuzzer_sys::fuzz_target;
use prost::Message;

/// Reads a message, and holds what was read to being read again.
fn message<M: Message + Default + PartialEq + std::fmt::Debug>(bytes: &Bytes) -> Option<M> {
    let read = M::decode(bytes.clone()).ok()?;
    let again = M::decode(read.encode_to_vec().as_slice()).expect("what was written is readable");
    assert!(read == again, "{read:?}\n{again:?}");
    Some(read)
}

fn values<'a>(values: impl IntoIterator<Item = Option<&'a DynamicValue>>) {
    for value in values.into_iter().flatten() {
        let Ok(read) = Value::read(Some(value)) else { continue };
        assert_eq!(Value::read(Some(&read.write())).expect("what was written is readable"), read);
    }
}

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(unwrapped) = frame::unwrap(bytes.clone()) {
        assert_eq!(frame::wrap(&unwrapped), bytes);
    }
    if let Some(line) = std::str::from_utf8(data).ok().and_then(Line::parse) {
        assert_eq!(Line::parse(&line.to_string()), Some(line));
    }
    for (msgpack, json) in [(bytes.clone(), Bytes::new()), (Bytes::new(), bytes.clone())] {
        values([Some(&DynamicValue { msgpack, json })]);
    }

    message::<ProviderSchema>(&bytes);
    message::<DiagnosticsResponse>(&bytes);
    message::<StopResponse>(&bytes);
    message::<ImportRequest>(&bytes);
    if let Some(read) = message::<ValidateProviderRequest>(&bytes) {
        values([read.config.as_ref()]);
    }
    if let Some(read) = message::<ValidateProviderResponse>(&bytes) {
        values([read.prepared_config.as_ref()]);
    }
    if let Some(read) = message::<ValidateRequest>(&bytes) {
        values([read.config.as_ref()]);
    }
    if let Some(read) = message::<ConfigureRequest>(&bytes) {
        values([read.config.as_ref()]);
    }
    if let Some(UpgradeRequest { raw_state: Some(state), .. }) = message(&bytes) {
        values([Some(&DynamicValue { msgpack: Bytes::new(), json: state.json })]);
    }
    if let Some(read) = message::<UpgradeResponse>(&bytes) {
        values([read.upgraded_state.as_ref()]);
    }
    if let Some(read) = message::<ReadRequest>(&bytes) {
        values([read.current_state.as_ref()]);
    }
    if let Some(read) = message::<ReadResponse>(&bytes) {
        values([read.new_state.as_ref()]);
    }
    if let Some(read) = message::<PlanRequest>(&bytes) {
        values([read.prior_state, read.proposed_new_state, read.config].each_ref().map(Option::as_ref));
    }
    if let Some(read) = message::<PlanResponse>(&bytes) {
        values([read.planned_state.as_ref()]);
        for path in &read.requires_replace {
            let _ = path.top_level_name();
        }
    }
    if let Some(read) = message::<ApplyRequest>(&bytes) {
        values([read.prior_state, read.planned_state, read.config].each_ref().map(Option::as_ref));
    }
    if let Some(read) = message::<ApplyResponse>(&bytes) {
        values([read.new_state.as_ref()]);
    }
    if let Some(read) = message::<ImportResponse>(&bytes) {
        values(read.imported_resources.iter().map(|one| one.state.as_ref()));
    }
    if let Some(read) = message::<ReadDataRequest>(&bytes) {
        values([read.config.as_ref()]);
    }
    if let Some(read) = message::<ReadDataResponse>(&bytes) {
        values([read.state.as_ref()]);
    }
});
